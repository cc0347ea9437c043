/** Tells each threshold once when a growing figure passes it, and again after a reset. */
export interface Thresholds {
  /** @returns the thresholds passed by this figure and not before, ascending */
  pass(percent: number): number[];
  reset(): void;
}

/** @param steps in percent, ascending */
export function createThresholds(steps: readonly number[]): Thresholds {
  let passed = 0;
  return {
    pass(percent) {
      const now = steps.filter((step) => step <= percent && step > passed);
      passed = Math.max(passed, ...now);
      return now;
    },
    reset() {
      passed = 0;
    },
  };
}
