import type { Db } from "../db/db.ts";
import { raw, sql } from "../db/sql.ts";
import type { StoredEvent } from "./event.ts";
import { parseEvent, type StoredRow } from "./events-store.ts";

/** How far back it looks: a quiet workspace beside busy ones must not cost a scan of the whole log. */
const REACH = 100_000;

/** The newest events of a workspace behind a `seq`, newest first. */
export async function latestEvents(
  db: Db,
  workspaceId: number,
  sinceSeq: number,
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await db.all<StoredRow>(sql`
    SELECT * FROM events
    WHERE workspace_id = ${workspaceId} AND seq > ${sinceSeq} AND type <> 'erased'
      AND seq > (SELECT COALESCE(MAX(seq), 0) - ${raw(String(REACH))} FROM events)
    ORDER BY seq DESC LIMIT ${limit}`);
  return rows.map(parseEvent);
}
