import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "./errors.ts";

/** A table's copy on this node's disk, which serves a start while the database is away. */
export interface KeptCopy {
  /** What was kept last; undefined when nothing was, or nothing that this release can read. */
  read(): Promise<readonly unknown[] | undefined>;
  /**
   * Replaces it, behind the caller's back; of several that wait only the newest is written.
   *
   * @param rows made when their turn comes; each as JSON
   */
  write(rows: () => Iterable<unknown>): void;
  /** Resolves when what was to be written is on disk; rejects when it could not be written. */
  settle(): Promise<void>;
}

/** The copies of one node, in a folder of their own. */
export interface KeptCopies {
  of(name: string): KeptCopy;
  /** Resolves when all that was to be written is on disk, or could not be written. */
  settle(): Promise<void>;
}

/** Raised when rows change their shape: an older copy is as good as none. */
const FORMAT = 1;
const CHUNK_LENGTH = 64 * 1024;
/** A large copy that changes all the time takes a fifth of one core's time at most. */
const REST_FACTOR = 4;
const RETRY_MS = 5000;

/** @param onError told of each copy that could not be read or written */
export function createKeptCopies(folder: string, onError: (error: unknown) => void): KeptCopies {
  const settling: (() => Promise<void>)[] = [];
  return {
    of(name) {
      const file = path.join(folder, `${name}.ndjson`);
      const writer = createWriter(file, onError);
      settling.push(writer.settle);
      return {
        read: () => readCopy(file).catch((error: unknown) => void onError(error)),
        ...writer,
      };
    },
    async settle() {
      await Promise.allSettled(settling.map((one) => one()));
    },
  };
}

async function readCopy(file: string): Promise<readonly unknown[] | undefined> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
    return "";
  });
  const [head, ...rows] = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
  return isOurFormat(head) ? rows : undefined;
}

function isOurFormat(head: unknown): boolean {
  return typeof head === "object" && head !== null && "format" in head && head.format === FORMAT;
}

function createWriter(file: string, onError: (error: unknown) => void) {
  let waiting: (() => Iterable<unknown>) | undefined;
  let running: Promise<void> | undefined;
  let stopping = new AbortController();
  let failure: unknown;

  async function run(): Promise<void> {
    while (waiting) {
      const rows = waiting;
      waiting = undefined;
      const startedAt = performance.now();
      let restMs = 0;
      try {
        await replaceFile(file, rows());
        failure = undefined;
        restMs = (performance.now() - startedAt) * REST_FACTOR;
      } catch (error) {
        onError(error);
        failure = error;
        waiting ??= rows;
        if (stopping.signal.aborted) return;
        restMs = RETRY_MS;
      }
      await sleep(restMs, undefined, { ref: false, signal: stopping.signal }).catch(() => {});
    }
  }

  function write(rows: () => Iterable<unknown>): void {
    waiting = rows;
    running ??= run().finally(() => {
      running = undefined;
    });
  }

  return {
    write,
    async settle() {
      stopping.abort();
      // What could not be written before may be by now.
      if (waiting) write(waiting);
      await running;
      stopping = new AbortController();
      if (failure !== undefined) throw failure;
    },
  };
}

/** A crash leaves the old file or the new one, never half of one. */
async function replaceFile(file: string, rows: Iterable<unknown>): Promise<void> {
  const fresh = `${file}.new`;
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(fresh, "w", 0o600);
  try {
    // In pieces, so that a large copy does not hold up requests.
    for (const chunk of chunksOf(rows)) await handle.writeFile(chunk);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(fresh, { force: true });
    throw error;
  }
  await handle.close();
  await rename(fresh, file);
  await syncFolder(path.dirname(file));
}

function* chunksOf(rows: Iterable<unknown>): Generator<string> {
  let text = `${JSON.stringify({ format: FORMAT })}\n`;
  for (const row of rows) {
    text += `${JSON.stringify(row)}\n`;
    if (text.length < CHUNK_LENGTH) continue;
    yield text;
    text = "";
  }
  yield text;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
