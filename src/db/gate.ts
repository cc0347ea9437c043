import type { Db } from "./db.ts";
import { isMissingTable, storageUnavailable } from "./failures.ts";

/** A database that nobody reaches before its tables are known to be there. */
export interface GatedDb {
  /** Rejects every call with `storage_unavailable` until the gate is open; then it is the database itself. */
  readonly db: Db;
  isOpen(): boolean;
  /** From here on it is the database itself; projections may still be making their tables. */
  open(): void;
  /** All tables are made: one that is missing is a bug from now on. */
  setComplete(): void;
  /** Why it is closed, as one sentence for callers to read; false when that was the reason before. */
  setReason(reason: string): boolean;
}

const MAKING = "The tables of this release are being made.";

/**
 * Puts a gate before a database, so that a service can start while it is away: without it a table
 * that is not made yet would look like a bug of every statement that reads it.
 */
export function createGatedDb(db: Db): GatedDb {
  let isOpen = false;
  let isComplete = false;
  let reason = "The database is not ready yet.";

  async function pass<T>(work: () => Promise<T>): Promise<T> {
    if (!isOpen) throw storageUnavailable(reason);
    if (isComplete) return work();
    return work().catch((error: unknown) => {
      throw isMissingTable(error) ? storageUnavailable(MAKING, undefined, error) : error;
    });
  }

  return {
    db: {
      engine: db.engine,
      all: (query) => pass(() => db.all(query)),
      get: (query) => pass(() => db.get(query)),
      run: (statement) => pass(() => db.run(statement)),
      batch: (statements, options) => pass(() => db.batch(statements, options)),
      purge: (tables) => pass(() => db.purge(tables)),
      close: () => db.close(),
    },
    isOpen: () => isOpen,
    open() {
      isOpen = true;
    },
    setComplete() {
      isComplete = true;
    },
    setReason(sentence) {
      const isNew = sentence !== reason;
      reason = sentence;
      return isNew;
    },
  };
}
