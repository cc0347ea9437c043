import { LRUCache } from "lru-cache";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/errors.ts";

/** Slows down guessing: every failure beyond a few doubles the wait before the next try. */
export interface Throttle {
  /** @throws {AppError} `rate_limited` (429) while one of `names` has to wait */
  check(...names: readonly string[]): void;
  fail(...names: readonly string[]): void;
  succeed(...names: readonly string[]): void;
}

interface Failures {
  count: number;
  blockedUntil: number;
}

const FREE_TRIES = 5;
const LONGEST_WAIT_MS = 15 * 60_000;
/** Enough for an attack from many addresses, bounded so that it can't fill the memory. */
const REMEMBERED = 10_000;

/** Kept in memory of one node: a restart forgives, which costs an attacker more than it gives. */
export function createThrottle(now: Clock): Throttle {
  const failures = new LRUCache<string, Failures>({ max: REMEMBERED });
  return {
    check(...names) {
      const until = Math.max(...names.map((name) => failures.get(name)?.blockedUntil ?? 0));
      const waitMs = until - now();
      if (waitMs <= 0) return;
      const retryAfterS = Math.ceil(waitMs / 1000);
      throw new AppError("rate_limited", 429, `Too many tries. Try again in ${retryAfterS} s.`, {
        retryAfterS,
      });
    },
    fail(...names) {
      for (const name of names) {
        const count = (failures.get(name)?.count ?? 0) + 1;
        failures.set(name, { count, blockedUntil: now() + waitAfter(count) });
      }
    },
    succeed(...names) {
      for (const name of names) failures.delete(name);
    },
  };
}

function waitAfter(count: number): number {
  return count < FREE_TRIES ? 0 : Math.min(LONGEST_WAIT_MS, 1000 * 2 ** (count - FREE_TRIES));
}
