import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CLI = path.join(ROOT, "dist/cli.js");
const START_MS = 20_000;

/** Keys that every test service accepts. */
export const API_KEY = "test-api-key-0123456789";
export const WRITE_KEY = "test-write-key-0123456789";

/** The built service as a process of its own, as an operator runs it. */
export interface RunningService {
  readonly url: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  /** The one-time sign-in address that it printed. */
  signInUrl(): string;
  /** Ends it with a signal and waits; resolves to the exit code (null when killed). */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

interface ServiceOptions {
  /** Kept for a next start; a fresh folder unless given. */
  readonly dataDir?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A free one unless given. */
  readonly port?: number;
  /** Runs under another program: `taskset -c 0`. */
  readonly under?: readonly string[];
}

/** Starts `clicktrail serve` and waits until it says where it listens. */
export async function startService(options: ServiceOptions = {}): Promise<RunningService> {
  const dataDir = options.dataDir ?? (await createDataDir());
  const [command = process.execPath, ...args] = [
    ...(options.under ?? []),
    process.execPath,
    CLI,
    "serve",
  ];
  const child = spawn(command, args, {
    cwd: ROOT,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      PORT: String(options.port ?? 0),
      DATA_DIR: dataDir,
      API_KEY,
      WRITE_KEY,
      LOG_LEVEL: "warn",
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let text = "";
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no address printed:\n${text}`)), START_MS);
    const onData = (chunk: Buffer) => {
      text += chunk.toString("utf8");
      const address = /Listening\s+(http:\/\/\S+)/.exec(text)?.[1];
      if (!address) return;
      clearTimeout(timer);
      resolve(address.replace(/\/$/, ""));
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    void exited.then((code) => {
      clearTimeout(timer);
      reject(new Error(`clicktrail exited with ${code}:\n${text}`));
    });
  });
  return {
    url,
    dataDir,
    process: child,
    output: () => text,
    signInUrl: () => /http\S+\/welcome\?t=\S+/.exec(text)?.[0] ?? "",
    async end(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

/** A data folder of its own under the system's temporary one. */
export async function createDataDir(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), "clicktrail-service-"));
}

/** Stops a service and deletes what it kept. */
export async function disposeService(service: RunningService): Promise<void> {
  await service.end("SIGKILL");
  await rm(service.dataDir, { recursive: true, force: true });
}

/** Calls the API with the test key; JSON in, JSON out. */
export async function callApi<T>(
  service: RunningService,
  method: string,
  route: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(service.url + route, {
    method,
    headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${route} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Waits until everything durable is imported and every projection has read it. */
export async function waitUntilSettled(service: RunningService, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const response = await fetch(`${service.url}/readyz`);
    const text = await response.text();
    if (JSON.parse(text).settled === true) return;
    if (performance.now() > deadline) throw new Error(`not settled: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Rewrites a mail of one link for a contact, and gives back the path of that link. */
export async function createClickPath(
  service: RunningService,
  destination = "https://shop.test/",
): Promise<string> {
  const { links } = await callApi<{ links: { tracking_url: string }[] }>(
    service,
    "POST",
    "/v1/rewrite",
    { html: `<a href="${destination}">x</a>`, campaign: "spring", contact: { id: "1" } },
  );
  return new URL(links[0]?.tracking_url ?? "").pathname;
}
