import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { unlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import Database from "better-sqlite3";
import type { RunningService } from "../../support/service.ts";

/** Bytes of a page of the database. */
const PAGE = 4096;
const ATTACH_MS = 10_000;

/** Whether a fault of this kind can be caused here; in CI it must be, elsewhere a line says what is left out. */
export function canInject(what: string, probe: () => void): boolean {
  try {
    probe();
    return true;
  } catch (error) {
    if (process.env["CI"]) throw new Error(`${what} cannot be injected here`, { cause: error });
    console.warn(
      `\n!!! ${what} is NOT tested: ${error instanceof Error ? error.message : error}\n`,
    );
    return false;
  }
}

/** Whether programs are installed and work. */
export const probes = {
  smallDisk: () => asRoot(() => execFileSync("mount", ["--version"])),
  chattr: () =>
    asRoot(() => {
      const file = path.join(os.tmpdir(), `clicktrail-immutable-${process.pid}`);
      writeFileSync(file, "");
      makeImmutable([file])();
      unlinkSync(file);
    }),
  strace: () => void execFileSync("strace", ["-e", "trace=none", "true"], { stdio: "ignore" }),
};

/** A disk of its own that is soon full. */
export interface SmallDisk {
  readonly folder: string;
  /** Leaves no byte free. */
  fill(): Promise<void>;
  /** Deletes what filled it. */
  free(): Promise<void>;
  remove(): Promise<void>;
}

/** Mounts a memory file system of a fixed size. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]);
  const ballast = path.join(folder, "ballast");
  return {
    folder,
    fill: () => fillUp(ballast),
    free: () => rm(ballast),
    async remove() {
      execFileSync("umount", ["-l", folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function fillUp(file: string): Promise<void> {
  const handle = await open(file, "a");
  for (const size of [1 << 20, PAGE]) {
    await writeUntilFull(handle.appendFile.bind(handle), Buffer.alloc(size, "x"));
  }
  await handle.close();
}

async function writeUntilFull(
  append: (bytes: Buffer) => Promise<void>,
  bytes: Buffer,
): Promise<void> {
  for (;;) {
    try {
      await append(bytes);
    } catch {
      return;
    }
  }
}

/**
 * Writes letters over the page that every import has to read, the root of the log's unique index; the result
 * puts the page back.
 */
export async function overwriteIndexRoot(file: string): Promise<() => Promise<void>> {
  const db = new Database(file, { readonly: true });
  const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'events_key'").pluck();
  const at = (Number(root.get()) - 1) * PAGE;
  db.close();
  const handle = await open(file, "r+");
  const kept = Buffer.alloc(PAGE);
  await handle.read(kept, 0, PAGE, at);
  await handle.write(Buffer.alloc(PAGE, 0x41), 0, PAGE, at);
  await handle.sync();
  return async () => {
    await handle.write(kept, 0, PAGE, at);
    await handle.close();
  };
}

/** Makes files unchangeable, for root too; the result makes them changeable again. */
export function makeImmutable(files: readonly string[]): () => void {
  execFileSync("chattr", ["+i", ...files]);
  return () => void execFileSync("chattr", ["-i", ...files]);
}

/**
 * Makes system calls on some files of a running process fail or wait.
 *
 * @param injection as strace's `--inject` takes it: `fdatasync:error=EIO`, `write:delay_enter=200000`
 * @returns         lets go of the process
 */
export async function tamper(
  { process: target }: RunningService,
  files: readonly string[],
  injections: readonly string[],
): Promise<() => Promise<void>> {
  const calls = injections.map((injection) => injection.split(":", 1)[0] ?? "").join(",");
  const tracer = spawn("strace", [
    ...["-f", "-p", String(target.pid), "-o", "/dev/null", "-e", `trace=${calls}`],
    ...files.flatMap((file) => ["-P", file]),
    ...injections.flatMap((injection) => ["-e", `inject=${injection}`]),
  ]);
  await attached(tracer);
  return async () => {
    const ended = new Promise((resolve) => tracer.once("exit", resolve));
    tracer.kill("SIGINT");
    await ended;
  };
}

/** The segment that the journal writes now, and the folder that holds them. */
export async function journalFiles({ dataDir }: RunningService): Promise<string[]> {
  const folder = path.join(dataDir, "journal");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".seg")).sort();
  return [folder, ...names.map((name) => path.join(folder, name))];
}

/** The files of the database in use. */
export function databaseFiles({ dataDir }: RunningService): string[] {
  const file = path.join(dataDir, "clicktrail.db");
  return [file, `${file}-wal`];
}

function asRoot(probe: () => void): void {
  if (process.getuid?.() !== 0) throw new Error("it needs root");
  probe();
}

function attached(tracer: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => reject(new Error(`strace: ${said}`)), ATTACH_MS);
    tracer.once("exit", () => reject(new Error(`strace: ${said}`)));
    tracer.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
      if (!/attached/.test(said)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
