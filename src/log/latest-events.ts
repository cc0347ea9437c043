import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import type { StoredEvent } from "./event.ts";
import { parseEvent, type StoredRow } from "./events-store.ts";

/** The newest events of a workspace behind a `seq`, newest first. */
export async function latestEvents(
  db: Db,
  workspaceId: number,
  sinceSeq: number,
  limit: number,
): Promise<StoredEvent[]> {
  const rows = await db.all<StoredRow>(sql`
    SELECT * FROM events
    WHERE workspace_id = ${workspaceId} AND seq > ${sinceSeq}
    ORDER BY seq DESC LIMIT ${limit}`);
  return rows.map(parseEvent);
}
