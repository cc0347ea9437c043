import { CHECKS, type Check, type CheckId, type Scored } from "./quality-checks.ts";

/** How well an event was sent. */
export interface QualityScore {
  /** 0 to 100, rounded half up: good from 90, poor below 70. */
  readonly score: number;
  readonly failed: readonly CheckId[];
  /** Passed by half. */
  readonly half: readonly CheckId[];
  /** Could not apply, and left the denominator. */
  readonly notApplicable: readonly CheckId[];
}

const ENTRIES = Object.entries(CHECKS) as [CheckId, Check][];

/**
 * Scores an event: the weights of the passed checks as a share of those of the applicable ones.
 *
 * Whether a person or a machine caused it is another question, and never mixed in.
 */
export function scoreQuality(scored: Scored): QualityScore {
  const outcomes = ENTRIES.map(([id, check]) => ({
    id,
    weight: check.weight,
    outcome: check.judge(scored),
  }));
  const idsOf = (wanted: string | null): CheckId[] =>
    outcomes.filter(({ outcome }) => outcome === wanted).map(({ id }) => id);
  const sum = (share: (outcome: string | null) => number): number =>
    outcomes.reduce((total, { weight, outcome }) => total + weight * share(outcome), 0);
  const possible = sum((outcome) => (outcome === null ? 0 : 1));
  const reached = sum((outcome) => (outcome === "pass" ? 1 : outcome === "half" ? 0.5 : 0));
  return {
    score: Math.floor((100 * reached) / possible + 0.5),
    failed: idsOf("fail"),
    half: idsOf("half"),
    notApplicable: idsOf(null),
  };
}
