import type { Db } from "../db/db.ts";
import { jsonRows, type Sql, sql } from "../db/sql.ts";

/** A span of time on one address, visitor or device, in milliseconds; both ends included. */
export interface KeySpan {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** Reads of what shares a key, the clicks of an address or the events of a device: there may be thousands a second. */
export interface SharerReads<Row> {
  within(spans: readonly KeySpan[]): Promise<Row[]>;
  /** Those of them that are not crowded yet. */
  open(spans: readonly KeySpan[]): Promise<Row[]>;
  /** Those of the spans that hold more than `most` rows. */
  dense(spans: readonly KeySpan[], most: number): Promise<KeySpan[]>;
  /** The earliest and the latest, `count` each, in that order. */
  ends(span: KeySpan, count: number): Promise<{ first: Row[]; last: Row[] }>;
}

/** A table whose index is `(workspace_id, key, crowded, occurred_at) WHERE condition`; its alias is `t`. */
interface SharedTable {
  readonly table: Sql;
  readonly columns: Sql;
  readonly key: Sql;
  readonly condition: Sql;
}

/** Whether a moment lies in the span of a given row `r`. */
export function withinSpan(at: Sql): Sql {
  return sql`
    ${at} BETWEEN CAST(r.value ->> 'from' AS BIGINT) AND CAST(r.value ->> 'to' AS BIGINT)`;
}

/** Opens such reads of one workspace. */
export function createSharerReads<Row extends { readonly occurred_at: number }>(
  db: Db,
  workspaceId: number,
  { table, columns, key, condition }: SharedTable,
): SharerReads<Row> {
  const isOurs = sql`t.workspace_id = ${workspaceId} AND ${condition}`;
  const isWithin = sql`${key} = r.value ->> 'key' AND ${withinSpan(sql`t.occurred_at`)}`;
  const given = (spans: readonly KeySpan[]): Sql => jsonRows(db.engine, JSON.stringify(spans));

  // CROSS JOIN: SQLite then takes the few given keys as the outer loop, whatever it guesses.
  const readSpans = async (spans: readonly KeySpan[], crowded: Sql): Promise<Row[]> =>
    spans.length === 0
      ? []
      : db.all<Row>(sql`
          SELECT ${columns} FROM ${given(spans)} CROSS JOIN ${table} AS t
          WHERE ${isOurs} AND t.crowded IN (${crowded}) AND ${isWithin}`);

  // One end of each part of the index: a look at both at once would have to sort the whole span.
  const readEnd = (span: KeySpan, count: number, order: Sql): Promise<Row[]> => {
    const part = (crowded: Sql) => sql`
      SELECT * FROM (
        SELECT ${columns} FROM ${table} AS t
        WHERE ${isOurs} AND ${key} = ${span.key} AND t.crowded = ${crowded}
          AND t.occurred_at BETWEEN ${span.from} AND ${span.to}
        ORDER BY t.occurred_at ${order} LIMIT ${count}
      ) AS part`;
    return db.all<Row>(sql`${part(sql`0`)} UNION ALL ${part(sql`1`)}`);
  };

  return {
    within: (spans) => readSpans(spans, sql`0, 1`),
    open: (spans) => readSpans(spans, sql`0`),
    dense: async (spans, most) =>
      spans.length === 0
        ? []
        : db.all<KeySpan>(sql`
            SELECT r.value ->> 'key' AS "key", CAST(r.value ->> 'from' AS BIGINT) AS "from",
              CAST(r.value ->> 'to' AS BIGINT) AS "to"
            FROM ${given(spans)}
            WHERE EXISTS (
              SELECT 1 FROM ${table} AS t
              WHERE ${isOurs} AND t.crowded IN (0, 1) AND ${isWithin}
              LIMIT 1 OFFSET ${most}
            )`),
    async ends(span, count) {
      const [first, last] = await Promise.all([
        readEnd(span, count, sql`ASC`),
        readEnd(span, count, sql`DESC`),
      ]);
      first.sort((a, b) => a.occurred_at - b.occurred_at);
      last.sort((a, b) => b.occurred_at - a.occurred_at);
      return { first: first.slice(0, count), last: last.slice(0, count) };
    },
  };
}
