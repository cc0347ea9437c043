import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import type { LatestEvent } from "./pages/deps.ts";

/** How far back, in events of all workspaces, a quiet workspace's latest are looked for. */
const REACH = 100_000;

type Row = Omit<LatestEvent, "properties"> & { properties: string };

/**
 * The workspace's events behind `sinceSeq`, newest first: a backward range of the index on `seq`.
 *
 * For watching only. On PostgreSQL a transaction that commits late may be passed over here; the
 * projections, which must not miss it, follow `(txid, seq)`.
 */
export async function readLatestEvents(
  db: Db,
  workspaceId: number,
  sinceSeq: number,
  limit: number,
): Promise<LatestEvent[]> {
  const rows = await db.all<Row>(sql`
    SELECT seq, occurred_at, source, type, name, url, email_claim, user_id, properties
    FROM events
    WHERE seq > ${sinceSeq}
      AND seq > (SELECT COALESCE(MAX(seq), 0) - ${REACH} FROM events)
      AND workspace_id = ${workspaceId}
    ORDER BY seq DESC
    LIMIT ${limit}`);
  return rows.map((row) => ({ ...row, properties: JSON.parse(row.properties) }));
}
