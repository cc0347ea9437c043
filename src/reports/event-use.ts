import type { Db } from "../db/db.ts";
import { join, sql } from "../db/sql.ts";
import type { CheckId } from "../log/quality-checks.ts";

/** How an event was used in a span of days. */
export interface EventUse {
  readonly event: string;
  readonly events: number;
  /** The checks of a tracking plan that some of them failed, most first. */
  readonly violations: readonly { readonly check: string; readonly failed: number }[];
}

/** What a tracking plan is about: the name of an event and its parameters. */
const PLAN_CHECKS: readonly CheckId[] = [
  "known_event",
  "required_params",
  "param_types",
  "conditional_params",
  "naming",
];

const DAY_MS = 86_400_000;

/**
 * Counts the events of each name, and what they violated, most used first. Read from the sums of the quality stage: a
 * range of each of its tables.
 *
 * @param until the last day of the span is the one of this moment, in milliseconds since the Unix epoch
 */
export async function readEventUse(
  db: Db,
  workspaceId: number,
  { days, until }: { readonly days: number; readonly until: number },
): Promise<EventUse[]> {
  const lastDay = Math.floor(until / DAY_MS) * DAY_MS;
  const inSpan = sql`
    q.workspace_id = ${workspaceId}
    AND q.day BETWEEN ${lastDay - (days - 1) * DAY_MS} AND ${lastDay}`;
  const [sums, failures] = await Promise.all([
    db.all<{ event: string; events: number }>(sql`
      SELECT q.name AS event, SUM(q.events) AS events
      FROM quality_days AS q WHERE ${inSpan}
      GROUP BY q.name
      ORDER BY SUM(q.events) DESC, q.name`),
    db.all<{ event: string; check: string; failed: number }>(sql`
      SELECT q.name AS event, q.check_id AS "check", SUM(q.events) AS failed
      FROM quality_failures AS q
      WHERE ${inSpan} AND q.check_id IN (${join(PLAN_CHECKS)})
      GROUP BY q.name, q.check_id
      ORDER BY SUM(q.events) DESC, q.check_id`),
  ]);
  const violationsOf = new Map<string, { check: string; failed: number }[]>();
  for (const { event, ...violation } of failures) {
    const known = violationsOf.get(event);
    if (known) known.push(violation);
    else violationsOf.set(event, [violation]);
  }
  return sums.map((sum) => ({ ...sum, violations: violationsOf.get(sum.event) ?? [] }));
}
