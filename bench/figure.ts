/** One line of a benchmark's result. */
export interface BenchFigure {
  readonly name: string;
  /** With its unit, as a person reads it. */
  readonly value: string;
  readonly goal: string;
  readonly met: boolean;
}

/** The middle of some measurements. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Median and extremes of ratios: `0.71 [0.66-0.74]`. */
export function describeSpread(values: readonly number[], digits = 2): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} [${least.toFixed(digits)}-${most.toFixed(digits)}]`;
}
