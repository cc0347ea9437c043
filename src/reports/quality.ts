import type { Db } from "../db/db.ts";
import { empty, jsonRows, sql } from "../db/sql.ts";
import { MOST_EVENT_NAMES, OTHER_EVENTS } from "./event-names.ts";
import { type FoldedName, readFoldedNames } from "./folded-names.ts";
import { adviceOf } from "./quality-advice.ts";
import type { IsConversion } from "./store.ts";

/** Which events a quality report is about. */
export interface QualityQuery {
  readonly days: number;
  /** The last day of the span is the one of this moment, in milliseconds since the Unix epoch. */
  readonly until: number;
  readonly event?: string | undefined;
  readonly sourceId?: string | undefined;
}

/** Events and their mean score, 0 to 100; null where there are none. */
interface QualityScores {
  readonly events: number;
  readonly score: number | null;
}

/** An event as an example of a fault. */
interface Example {
  readonly event_id: string;
  readonly received_at: string;
  readonly url: string | null;
  readonly properties: unknown;
}

/** A check that events failed. */
interface FailedCheck {
  readonly check: string;
  readonly weight: number;
  readonly failed: number;
  readonly fault: string;
  readonly change: string;
  /** The last event that failed it; null where it was deleted since. */
  readonly example: (Example & { readonly event: string }) | null;
}

/** How well events were sent in a span of days. */
export interface QualityReport {
  readonly totals: QualityScores;
  /** Events that are counted as `(other)`, because the workspace has too many names. */
  readonly folded: {
    readonly reason: "too_many_event_names";
    readonly events: number;
    readonly most_names: number;
    /** Some of the names, the last to come first. */
    readonly names: readonly FoldedName[];
  };
  /** Every day of the span, oldest first; YYYY-MM-DD, UTC, by arrival. */
  readonly days: readonly (QualityScores & { readonly day: string })[];
  /** Most points lost first. */
  readonly checks: readonly FailedCheck[];
  /** Worst score first, with the check that most of them failed, and whether the event is a conversion. */
  readonly events: readonly (QualityScores & {
    readonly event: string;
    readonly source_id: string;
    readonly worst_check: string | null;
    readonly conversion: boolean;
  })[];
}

const DAY_MS = 86_400_000;
/** More pairs of event and source than a page can show. */
const MOST_EVENTS = 200;

interface SumRow {
  readonly events: number;
  readonly score_sum: number;
}

/** Reads the sums that the quality stage keeps: a range of each of its tables, not of the log. */
export async function readQuality(
  db: Db,
  workspaceId: number,
  { days, until, event, sourceId }: QualityQuery,
  isConversion: IsConversion,
): Promise<QualityReport> {
  const lastDay = Math.floor(until / DAY_MS) * DAY_MS;
  const firstDay = lastDay - (days - 1) * DAY_MS;
  const inSpan = sql`
    q.workspace_id = ${workspaceId} AND q.day BETWEEN ${firstDay} AND ${lastDay}
    ${event === undefined ? empty : sql`AND q.name = ${event}`}
    ${sourceId === undefined ? empty : sql`AND q.source_id = ${sourceId}`}`;
  const [byDay, byEvent, failures, folded] = await Promise.all([
    db.all<SumRow & { day: number }>(sql`
      SELECT q.day, SUM(q.events) AS events, SUM(q.score_sum) AS score_sum
      FROM quality_days AS q WHERE ${inSpan} GROUP BY q.day`),
    db.all<SumRow & { event: string; source_id: string }>(sql`
      SELECT q.name AS event, q.source_id, SUM(q.events) AS events, SUM(q.score_sum) AS score_sum
      FROM quality_days AS q WHERE ${inSpan}
      GROUP BY q.name, q.source_id
      ORDER BY 1.0 * SUM(q.score_sum) / SUM(q.events), q.name, q.source_id
      LIMIT ${MOST_EVENTS}`),
    db.all<FailureRow>(sql`
      SELECT q.name AS event, q.source_id, q.check_id AS "check", SUM(q.events) AS failed,
        MAX(q.example_seq) AS seq
      FROM quality_failures AS q WHERE ${inSpan}
      GROUP BY q.name, q.source_id, q.check_id`),
    db.get<{ events: number | null }>(sql`
      SELECT SUM(q.events) AS events
      FROM quality_days AS q WHERE ${inSpan} AND q.name = ${OTHER_EVENTS}`),
  ]);
  // Whatever is folded fails the check of its name, so that its last event is among the examples.
  const lastFolded = Math.max(
    0,
    ...failures.filter((one) => one.event === OTHER_EVENTS).map(({ seq }) => seq),
  );
  const ofDay = new Map(byDay.map((row) => [row.day, row]));
  return {
    totals: toScores(byDay),
    folded: {
      reason: "too_many_event_names",
      events: folded?.events ?? 0,
      most_names: MOST_EVENT_NAMES,
      names: lastFolded === 0 ? [] : await readFoldedNames(db, workspaceId, lastFolded),
    },
    days: Array.from({ length: days }, (_, index) => firstDay + index * DAY_MS).map((day) => {
      const row = ofDay.get(day);
      return { day: new Date(day).toISOString().slice(0, 10), ...toScores(row ? [row] : []) };
    }),
    checks: await describeChecks(db, workspaceId, failures),
    events: byEvent.map((row) => ({
      event: row.event,
      source_id: row.source_id,
      ...toScores([row]),
      worst_check: findWorst(failures, row),
      conversion: isConversion(workspaceId, row.event),
    })),
  };
}

interface FailureRow {
  readonly event: string;
  readonly source_id: string;
  readonly check: string;
  readonly failed: number;
  readonly seq: number;
}

function toScores(rows: readonly SumRow[]): QualityScores {
  const events = rows.reduce((sum, row) => sum + row.events, 0);
  const points = rows.reduce((sum, row) => sum + row.score_sum, 0);
  return { events, score: events === 0 ? null : Math.round(points / events) };
}

const lostBy = ({ check, failed }: Pick<FailureRow, "check" | "failed">): number =>
  failed * (adviceOf(check)?.weight ?? 0);

function findWorst(
  failures: readonly FailureRow[],
  place: Pick<FailureRow, "event" | "source_id">,
): string | null {
  const own = failures.filter(
    (one) => one.event === place.event && one.source_id === place.source_id,
  );
  return own.sort((a, b) => lostBy(b) - lostBy(a))[0]?.check ?? null;
}

async function describeChecks(
  db: Db,
  workspaceId: number,
  failures: readonly FailureRow[],
): Promise<FailedCheck[]> {
  const sums = new Map<string, { failed: number; seq: number }>();
  for (const { check, failed, seq } of failures) {
    const known = sums.get(check) ?? { failed: 0, seq: 0 };
    sums.set(check, { failed: known.failed + failed, seq: Math.max(known.seq, seq) });
  }
  const examples = await readExamples(db, workspaceId, [...sums.values()]);
  const checks = [...sums].flatMap(([check, { failed, seq }]): FailedCheck[] => {
    const advice = adviceOf(check);
    return advice ? [{ check, failed, ...advice, example: examples.get(seq) ?? null }] : [];
  });
  return checks.sort((a, b) => lostBy(b) - lostBy(a));
}

async function readExamples(db: Db, workspaceId: number, sums: readonly { seq: number }[]) {
  const keys = JSON.stringify(sums.map(({ seq }) => ({ v: seq })));
  const rows = await db.all<{
    seq: number;
    event: string;
    event_id: string;
    received_at: number;
    url: string | null;
    properties: string;
  }>(sql`
    SELECT e.seq, e.name AS event, e.event_id, e.received_at, e.url, e.properties
    FROM events AS e JOIN ${jsonRows(db.engine, keys)} ON e.seq = CAST(r.value ->> 'v' AS BIGINT)
    WHERE e.workspace_id = ${workspaceId} AND e.type <> 'erased'`);
  return new Map(
    rows.map(({ seq, received_at, properties, ...row }) => [
      seq,
      {
        ...row,
        received_at: new Date(received_at).toISOString(),
        properties: JSON.parse(properties) as unknown,
      },
    ]),
  );
}
