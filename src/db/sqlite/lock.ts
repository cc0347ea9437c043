import path from "node:path";
import { Worker } from "node:worker_threads";
import { AppError } from "../../lib/errors.ts";
import { threadFile } from "./thread.ts";

/** A longer stop of the instance before is a hang, not a restart. */
const WAIT_MS = 5000;

export interface InstanceLock {
  /** Gives the folder free. Idempotent. */
  release(): Promise<void>;
}

/** What the lock thread gets as `workerData`. */
export interface LockThreadOptions {
  readonly file: string;
  readonly waitMs: number;
}

/** What the lock thread says once, when it holds the lock or gave up. */
export type LockAnswer = { readonly held: true } | { readonly held: false; readonly code: string };

/**
 * Makes this process the only server on a data folder (two would import each other's journal).
 *
 * The lock is SQLite's own, on `instance.lock` in the folder: the kernel lifts it when the process
 * ends, however it ends, so no stale file ever keeps a server from starting.
 *
 * @param waitMs how long to wait for the instance before; 5000 unless told
 * @throws {AppError} `cannot_start` when another process holds the folder, or it can't be written
 */
export async function acquireInstanceLock(
  dataDir: string,
  waitMs: number = WAIT_MS,
): Promise<InstanceLock> {
  const file = path.join(path.resolve(dataDir), "instance.lock");
  const workerData: LockThreadOptions = { file, waitMs };
  const worker = new Worker(threadFile("lock-thread"), { workerData });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const answer = await new Promise<LockAnswer>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  if (!answer.held) throw cannotStart(path.resolve(dataDir), answer.code);

  // Holding it is no reason to stay alive.
  worker.unref();
  return {
    release() {
      worker.ref();
      worker.postMessage("release");
      return ended;
    },
  };
}

function cannotStart(dataDir: string, code: string): AppError {
  if (/bindings file|NODE_MODULE_VERSION|ERR_DLOPEN_FAILED/.test(code)) return notBuilt();
  return new AppError(
    "cannot_start",
    503,
    code.startsWith("SQLITE_BUSY")
      ? `Another clicktrail is running on the data folder ${dataDir}: stop it, or give this one a DATA_DIR of its own.`
      : `The data folder ${dataDir} can't be locked (${code}): make it writable, or set DATA_DIR to a folder that is.`,
  );
}

function notBuilt(): AppError {
  return new AppError(
    "cannot_start",
    500,
    "SQLite's native module (better-sqlite3) is not built for this Node.",
    {
      hint: "Debian and Ubuntu: apt-get install -y python3 make g++; then: npm rebuild better-sqlite3",
    },
  );
}
