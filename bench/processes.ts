import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { LoadOrder, LoadResult } from "./load.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TSX = ["--import", "tsx"];
/** The kernel counts CPU time in ticks of 10 ms (`getconf CLK_TCK`). */
const TICK_MS = 10;

/** The server gets one core and the load another, or they would measure each other. */
const SERVER_CORE = ["taskset", "-c", "0"];
const LOAD_CORE = ["taskset", "-c", "1"];
const canPin = os.cpus().length > 1 && process.platform === "linux";

/** A server under test. */
export interface BenchServer {
  readonly port: number;
  /** CPU time that all its threads have used so far, in milliseconds. */
  cpuMs(): number;
  /** The same of the thread that answers alone. */
  answeringCpuMs(): number;
  rssBytes(): number;
  stop(): Promise<void>;
}

/** Starts a server and waits until it prints the line that holds `ready`. */
export async function startServer(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  ready: string,
  port: number,
): Promise<BenchServer> {
  const [command = "", ...rest] = [...(canPin ? SERVER_CORE : []), process.execPath, ...args];
  const child = spawn(command, rest, {
    cwd: ROOT,
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await printed(child, ready);
  return {
    port,
    cpuMs: () => cpuMs(`/proc/${child.pid}/stat`),
    answeringCpuMs: () => cpuMs(`/proc/${child.pid}/task/${child.pid}/stat`),
    rssBytes: () => rssBytes(child.pid ?? 0),
    stop: () => end(child),
  };
}

/** The key of what `requests.ts` sends in batches. */
export const WRITE_KEY = "bench-write-key-0123456789";

/** Settings of a service that takes such batches: on SQLite, behind a proxy that tells where they come from. */
export function collectSettings(dataDir: string): NodeJS.ProcessEnv {
  return { DATA_DIR: dataDir, WRITE_KEY, LOG_LEVEL: "warn", DATABASE_URL: "", TRUST_PROXY: "1" };
}

/** The service, as `npm start` starts it. */
export function startService(env: NodeJS.ProcessEnv, port: number): Promise<BenchServer> {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
  const [, ...args] = String(scripts.start).split(" ");
  return startServer(args, env, "Listening", port);
}

/** The plain servers of `bench/servers/`. */
export function startPlainServer(name: string, port: number): Promise<BenchServer> {
  return startServer([...TSX, path.join("bench/servers", `${name}.ts`)], {}, "listening", port);
}

/** Runs the load generator in a process of its own. */
export async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const script = path.join(ROOT, "bench/load.ts");
  const [command = "", ...args] = [
    ...(canPin ? LOAD_CORE : []),
    process.execPath,
    ...TSX,
    script,
    JSON.stringify(order),
  ];
  const { stdout } = await promisify(execFile)(command, args, { cwd: ROOT, maxBuffer: 1e8 });
  const result: LoadResult = JSON.parse(stdout);
  if (result.wrong > 0) throw new Error(`${result.wrong} answers were not ${order.status}.`);
  return result;
}

/** Writes request paths where the load generator finds them. */
export async function writePaths(paths: readonly string[]): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-bench-"));
  const file = path.join(folder, "paths");
  await writeFile(file, paths.join("\n"));
  process.once("exit", () => void rm(folder, { recursive: true, force: true }));
  return file;
}

interface Readyz {
  readonly settled: boolean;
  readonly journal: { readonly unimported_bytes: number };
}

async function readyz(port: number): Promise<Readyz> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  return JSON.parse(await response.text());
}

/** Bytes of its journal that a service has not imported yet. */
export async function unimportedBytes(port: number): Promise<number> {
  return (await readyz(port)).journal.unimported_bytes;
}

/** Rounds must not pay for the import of earlier ones. */
export async function waitUntilImported(port: number): Promise<void> {
  while ((await unimportedBytes(port)) > 0)
    await new Promise((resolve) => setTimeout(resolve, 200));
}

/** Nor for what projections make of them, as long as that does not take for ever. */
export async function waitUntilSettled(port: number, atMostS: number): Promise<void> {
  await waitUntilImported(port);
  const until = performance.now() + atMostS * 1000;
  while (performance.now() < until && !(await readyz(port)).settled)
    await new Promise((resolve) => setTimeout(resolve, 200));
}

async function printed(child: ChildProcess, ready: string): Promise<void> {
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      if (text.includes(ready)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`The server ended with ${code}:\n${text}`)));
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners("exit");
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

/** utime and stime of a process or thread: fields 14 and 15, behind the name, which may hold spaces. */
function cpuMs(statFile: string): number {
  const fields = readFileSync(statFile, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function rssBytes(pid: number): number {
  const [, kb = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kb) * 1024;
}
