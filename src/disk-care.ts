import { createDiskReserve } from "./lib/disk-reserve.ts";
import { errorCode } from "./lib/errors.ts";
import type { Logger } from "./lib/log-lines.ts";
import type { Metrics } from "./lib/metrics.ts";
import type { RepeatLog } from "./lib/repeat-log.ts";

interface DiskCareDeps {
  /** The data folder. */
  readonly folder: string;
  /** Length of SQLite's write-ahead log, in bytes; 0 with PostgreSQL. */
  readonly walBytes: () => number;
  readonly log: Logger;
  readonly warn: RepeatLog;
  readonly metrics: Metrics;
}

/** Looks after the room on the disk, for the journal and the database alike. */
export interface DiskCare {
  start(): Promise<void>;
  /** Looks at an error of either; a full disk costs the reserve. */
  noteError(error: unknown): void;
  /** What `/readyz` tells. */
  stats(): { readonly reserve: boolean; readonly wal_bytes: number };
  stop(): void;
}

/** SQLite's log is cut back to this length (`journal_size_limit`) whenever nobody reads it. */
const MOST_WAL_BYTES = 64 * 1024 * 1024;
const LOOK_MS = 5000;

/** Keeps a reserve for a full disk, and says when the write-ahead log grows because somebody holds it. */
export function createDiskCare({ folder, walBytes, log, warn, metrics }: DiskCareDeps): DiskCare {
  const reserve = createDiskReserve(folder, log);
  let timer: NodeJS.Timeout | undefined;
  metrics.gauge("clicktrail_wal_bytes", "Length of SQLite's write-ahead log.", walBytes);
  metrics.gauge("clicktrail_disk_reserve", "1 while the reserve for a full disk is held.", () =>
    Number(reserve.isHeld()),
  );

  function look(): void {
    const bytes = walBytes();
    if (bytes <= MOST_WAL_BYTES) return;
    warn(
      "The write-ahead log grows: a long read holds it, or the disk refuses the checkpoint. End other programs that read the database.",
      { wal_bytes: bytes },
    );
  }

  return {
    async start() {
      timer = setInterval(look, LOOK_MS);
      timer.unref();
      await reserve.start();
    },
    noteError(error) {
      if (isDiskFull(error)) void reserve.giveUp();
    },
    stats: () => ({ reserve: reserve.isHeld(), wal_bytes: walBytes() }),
    stop() {
      clearInterval(timer);
      reserve.stop();
    },
  };
}

/** ENOSPC of a file, or SQLite's own word for it behind the port's error. */
function isDiskFull(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return [error, cause].some((one) => /^(ENOSPC|SQLITE_FULL)$/.test(errorCode(one) ?? ""));
}
