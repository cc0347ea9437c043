import { mkdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import { errorCode, errorMessage } from "../../lib/errors.ts";
import { isLocked } from "./failure.ts";
import type { LockAnswer, LockThreadOptions } from "./lock.ts";

/** Rest between two tries. */
const RETRY_MS = 50;

const { file, waitMs }: LockThreadOptions = workerData;
let db: Database.Database | undefined;

function answer(message: LockAnswer): void {
  parentPort?.postMessage(message);
}

function lock(): Database.Database {
  mkdirSync(path.dirname(file), { recursive: true });
  const opened = new Database(file, { timeout: 0 });
  try {
    // In the rollback-journal mode, where EXCLUSIVE keeps everyone out.
    opened.exec("BEGIN EXCLUSIVE");
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}

async function acquire(): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!db) {
    try {
      db = lock();
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) throw error;
      await sleep(RETRY_MS);
    }
  }
}

parentPort?.once("message", () => {
  db?.close();
  parentPort?.close();
});

try {
  await acquire();
  answer({ held: true });
} catch (error) {
  answer({ held: false, code: errorCode(error) ?? errorMessage(error) });
  parentPort?.close();
}
