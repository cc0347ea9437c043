/** Logs a trouble that comes again and again: at once, and then once a minute. */
export type RepeatLog = (message: string, details: object) => void;

const EVERY_MS = 60_000;

/**
 * A database that is away for an hour must not fill the disk with one line a second: lines with the same
 * message are counted for a minute, and the next one says how many were left out.
 *
 * @param monotonicNow milliseconds that never jump
 */
export function createRepeatLog(
  log: { warn(details: object, message: string): void },
  monotonicNow: () => number,
): RepeatLog {
  const seen = new Map<string, { at: number; leftOut: number }>();
  return (message, details) => {
    const at = monotonicNow();
    const known = seen.get(message);
    if (known && at - known.at < EVERY_MS) {
      known.leftOut += 1;
      return;
    }
    const leftOut = known?.leftOut ?? 0;
    seen.set(message, { at, leftOut: 0 });
    log.warn(leftOut === 0 ? details : { ...details, left_out: leftOut }, message);
  };
}
