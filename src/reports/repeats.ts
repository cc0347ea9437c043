import { type Sql, sql } from "../db/sql.ts";

/**
 * Finds the sale that an event says again: the earliest one of its transaction id that a person made, if there is one
 * before it.
 *
 * Within a source (a site, a key) a transaction id is enough. Two sources say the same sale where the amount is the
 * same too, as a page and its server do: each shop of a workspace has an order 1001.
 *
 * @param seq the event's, as an expression
 * @returns   an expression: the id of the earlier event, or null
 */
export function repeatOf(workspaceId: number, seq: Sql): Sql {
  return sql`(
    SELECT f.event_id
    FROM transactions AS t
    JOIN transactions AS f
      ON f.workspace_id = ${workspaceId} AND f.transaction_id = t.transaction_id
      AND (f.occurred_at < t.occurred_at
        OR (f.occurred_at = t.occurred_at AND f.event_id < t.event_id))
      AND (f.source_id = t.source_id
        OR (f.value_minor = t.value_minor AND f.currency = t.currency))
    LEFT JOIN verdicts AS h ON h.workspace_id = ${workspaceId} AND h.seq = f.seq
    WHERE t.workspace_id = ${workspaceId} AND t.seq = ${seq}
      AND (h.verdict IS NULL OR h.verdict = 'human')
    ORDER BY f.occurred_at, f.event_id
    LIMIT 1)`;
}
