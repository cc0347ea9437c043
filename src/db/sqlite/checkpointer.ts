import { statSync } from "node:fs";
import type { HealingConnection } from "./connection.ts";

/** Quiet time after a commit before its pages move from the write-ahead log into the file. */
const IDLE_MS = 200;
/** Under steady load the log is moved once it is this long. */
const MOST_WAL_BYTES = 8 * 1024 * 1024;
/** How many commits go by between two looks at the log's length. */
const LOOK_EVERY = 64;
/** How often an idle writer makes sure that its file is still the one under its path. */
const LOOK_AT_FILE_MS = 1000;

export interface Checkpointer {
  /** Tells it that a transaction was committed. */
  noteCommit(): void;
  /** Moves what is left, empties the log, and stops. */
  stop(): void;
}

/**
 * Moves the write-ahead log into the file between commits, so that none of them has to: SQLite's own
 * checkpoint runs inside whichever commit passes the limit. PASSIVE never waits for a reader.
 */
export function createCheckpointer(connection: HealingConnection, file: string): Checkpointer {
  let dirty = false;
  let commits = 0;
  let idle: NodeJS.Timeout | undefined;

  function checkpoint(mode: "PASSIVE" | "TRUNCATE"): void {
    dirty = false;
    try {
      connection.use(({ db }) => db.pragma(`wal_checkpoint(${mode})`));
    } catch {
      // Optional work: the commits are durable in the log, and the next checkpoint tries again.
      dirty = true;
    }
  }
  const watch = setInterval(() => connection.dropMoved(), LOOK_AT_FILE_MS);

  return {
    noteCommit() {
      dirty = true;
      commits += 1;
      if (commits % LOOK_EVERY === 0 && walBytes(file) > MOST_WAL_BYTES) checkpoint("PASSIVE");
      if (idle) idle.refresh();
      else idle = setTimeout(() => dirty && checkpoint("PASSIVE"), IDLE_MS);
    },
    stop() {
      clearInterval(watch);
      clearTimeout(idle);
      if (dirty || walBytes(file) > 0) checkpoint("TRUNCATE");
    },
  };
}

function walBytes(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
