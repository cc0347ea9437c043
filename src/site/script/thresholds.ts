/** Takes a figure in percent, gives the thresholds passed by it and not before, ascending. */
export type Thresholds = (percent: number) => number[];

/**
 * Tells each threshold once when a growing figure passes it.
 *
 * @param steps in percent, ascending
 */
export function createThresholds(steps: readonly number[]): Thresholds {
  let passed = 0;
  return (percent) => {
    const now = steps.filter((step) => step <= percent && step > passed);
    passed = Math.max(passed, percent);
    return now;
  };
}
