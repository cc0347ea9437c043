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
  const failed: CheckId[] = [];
  const half: CheckId[] = [];
  const notApplicable: CheckId[] = [];
  let possible = 0;
  let reached = 0;
  for (const [id, { weight, judge }] of ENTRIES) {
    const outcome = judge(scored);
    if (outcome === null) notApplicable.push(id);
    else possible += weight;
    if (outcome === "pass") reached += weight;
    if (outcome === "fail") failed.push(id);
    if (outcome !== "half") continue;
    reached += weight / 2;
    half.push(id);
  }
  return { score: Math.floor((100 * reached) / possible + 0.5), failed, half, notApplicable };
}
