import { readFileSync } from "node:fs";

/** How often a changed offset file is noticed, in milliseconds. */
const REREAD_MS = 100;

/** Milliseconds since the Unix epoch. The only source of time: everything takes it as an argument. */
export type Clock = () => number;

/**
 * Makes the clock that everything in one thread shares.
 *
 * @param offsetFile holds milliseconds to add, re-read at most every 100 ms (tests move time with
 *                   it); a missing or unreadable file adds nothing
 */
export function createClock(offsetFile?: string): Clock {
  if (offsetFile === undefined) return () => Date.now();
  let offsetMs = 0;
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = Date.now();
    if (Math.abs(now - readAt) >= REREAD_MS) {
      readAt = now;
      offsetMs = readOffset(offsetFile);
    }
    return now + offsetMs;
  };
}

function readOffset(file: string): number {
  try {
    const offset = Number(readFileSync(file, "utf8").trim());
    return Number.isFinite(offset) ? offset : 0;
  } catch {
    return 0;
  }
}
