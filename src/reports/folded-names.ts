import type { Db } from "../db/db.ts";
import { jsonRows, sql } from "../db/sql.ts";
import { STANDARD_EVENTS } from "../log/standard-events.ts";
import { OTHER_EVENTS } from "./event-names.ts";

/** A name that has no place of its own in the sums, and the key that it came with. */
export interface FoldedName {
  readonly event: string;
  readonly source_id: string;
}

const DAY_MS = 86_400_000;
/** Enough to see by which rule a client makes them up; all of them are too many for any page. */
const MOST_SHOWN = 10;
/** Events before the last folded one that are looked at, each by its number. */
const LOOK_BACK = 500;

/** The folded names that came last before this event of the log, the last first; a sample, by its nature. */
export async function readFoldedNames(
  db: Db,
  workspaceId: number,
  lastSeq: number,
): Promise<FoldedName[]> {
  const seqs = Array.from({ length: LOOK_BACK }, (_, back) => ({ v: lastSeq - back }));
  const rows = await db.all<FoldedName>(sql`
    SELECT e.name AS event, e.source_id
    FROM ${jsonRows(db.engine, JSON.stringify(seqs))}
    CROSS JOIN events AS e
    WHERE e.seq = CAST(r.value ->> 'v' AS BIGINT) AND e.workspace_id = ${workspaceId}
      AND e.quality IS NOT NULL
      AND NOT EXISTS (
        SELECT 1 FROM event_names AS n WHERE n.workspace_id = ${workspaceId} AND n.name = e.name)
      AND NOT EXISTS (
        SELECT 1 FROM planned_events AS p WHERE p.workspace_id = ${workspaceId} AND p.name = e.name)
    GROUP BY e.name, e.source_id
    ORDER BY MAX(e.seq) DESC`);
  return rows.filter(({ event }) => !STANDARD_EVENTS.has(event)).slice(0, MOST_SHOWN);
}

/** How many events of the day (UTC) were folded, by workspace; those without any are left out. */
export async function readFoldedToday(db: Db, now: number): Promise<Map<string, number>> {
  const day = Math.floor(now / DAY_MS) * DAY_MS;
  const rows = await db.all<{ workspace_id: number; events: number }>(sql`
    SELECT w.workspace_id, SUM(q.events) AS events
    FROM workspaces AS w CROSS JOIN quality_days AS q
    WHERE q.workspace_id = w.workspace_id AND q.day = ${day} AND q.name = ${OTHER_EVENTS}
    GROUP BY w.workspace_id`);
  return new Map(rows.map(({ workspace_id, events }) => [String(workspace_id), events]));
}
