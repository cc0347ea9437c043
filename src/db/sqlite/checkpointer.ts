import type { HealingConnection } from "./connection.ts";
import { walBytes } from "./wal.ts";

/** Quiet time after a commit before its pages move from the write-ahead log into the file. */
const IDLE_MS = 200;
/** Under steady load the log is moved once it is this long. */
const MOST_WAL_BYTES = 8 * 1024 * 1024;
/** Readers that overlap without end keep a PASSIVE checkpoint from ever emptying the log: beyond this it is forced. */
const FORCED_WAL_BYTES = 64 * 1024 * 1024;
/** A forced checkpoint waits this long for the reads that are under way; imports wait in the journal meanwhile. */
const FORCE_WAIT_MS = 1000;
/** How often one is tried. */
const FORCE_EVERY_MS = 5000;
/** How many commits go by between two looks at the log's length. */
const LOOK_EVERY = 64;
/** How often an idle writer makes sure that its file is still the one under its path. */
const LOOK_AT_FILE_MS = 1000;

export interface Checkpointer {
  /** Tells it that a transaction was committed. */
  noteCommit(): void;
  /** Empties the log for the room that it takes. */
  makeRoom(): void;
  /** Moves what is left, empties the log, and stops. */
  stop(): void;
}

interface CheckpointerOptions {
  readonly file: string;
  /** The connection's own patience. */
  readonly busyTimeoutMs: number;
  /** Length of the log beyond which it is emptied by force, 64 MB unless told. */
  readonly forcedWalBytes?: number | undefined;
}

/**
 * Moves the write-ahead log into the file between commits, so that none of them has to: SQLite's own
 * checkpoint runs inside whichever commit passes the limit. PASSIVE never waits for a reader.
 */
export function createCheckpointer(
  connection: HealingConnection,
  { file, busyTimeoutMs, forcedWalBytes = FORCED_WAL_BYTES }: CheckpointerOptions,
): Checkpointer {
  let dirty = false;
  let commits = 0;
  let idle: NodeJS.Timeout | undefined;
  let forcedAt = Number.NEGATIVE_INFINITY;

  function checkpoint(mode: "PASSIVE" | "TRUNCATE", waitMs = busyTimeoutMs): void {
    dirty = false;
    try {
      connection.use(({ db }) => {
        db.pragma(`busy_timeout = ${waitMs}`);
        db.pragma(`wal_checkpoint(${mode})`);
        db.pragma(`busy_timeout = ${busyTimeoutMs}`);
      });
    } catch {
      // Optional work: the commits are durable in the log, and the next checkpoint tries again.
      dirty = true;
    }
  }
  function lookAtLog(): void {
    const bytes = walBytes(file);
    if (bytes > forcedWalBytes && performance.now() - forcedAt >= FORCE_EVERY_MS) {
      // New reads begin at the end of the log, so waiting for those under way is enough to empty it.
      forcedAt = performance.now();
      checkpoint("TRUNCATE", FORCE_WAIT_MS);
    } else if (bytes > MOST_WAL_BYTES) checkpoint("PASSIVE");
  }
  const watch = setInterval(() => connection.dropMoved(), LOOK_AT_FILE_MS);

  return {
    noteCommit() {
      dirty = true;
      commits += 1;
      if (commits % LOOK_EVERY === 0) lookAtLog();
      if (idle) idle.refresh();
      else idle = setTimeout(() => dirty && checkpoint("PASSIVE"), IDLE_MS);
    },
    makeRoom: () => checkpoint("TRUNCATE"),
    stop() {
      clearInterval(watch);
      clearTimeout(idle);
      if (dirty || walBytes(file) > 0) checkpoint("TRUNCATE");
    },
  };
}
