import { setTimeout as sleep } from "node:timers/promises";

interface RetryOptions {
  /** Pauses between attempts, in milliseconds; the last one repeats. */
  readonly pausesMs: readonly number[];
  /** Whether another attempt makes sense after this failure, the first being number 1. */
  readonly goesOn: (error: unknown, attempt: number) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Tries until it succeeds.
 *
 * @throws what the attempt threw when `goesOn` says no, or the reason of `signal` when it is aborted
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  { pausesMs, goesOn, signal }: RetryOptions,
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!goesOn(error, count)) throw error;
      await sleep(pausesMs[Math.min(count, pausesMs.length) - 1], undefined, {
        signal,
        ref: false,
      });
    }
  }
}
