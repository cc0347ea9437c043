import type { Journal } from "./journal.ts";

/** How long facts may stay in an open segment, in milliseconds; 16 MB take a quiet node days. */
const TURN_EVERY_MS = 3_600_000;

/**
 * Closes the open segment once an hour if it was written to, so that it is deleted when it is imported: the
 * journal holds requests as they came, with more than the log keeps.
 *
 * @returns what ends it
 */
export function turnJournalHourly(journal: Pick<Journal, "stats" | "turnOver">): () => void {
  let { records } = journal.stats();
  const timer = setInterval(() => {
    const before = records;
    records = journal.stats().records;
    if (records !== before) void journal.turnOver();
  }, TURN_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
