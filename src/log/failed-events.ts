import type { Engine } from "../db/db.ts";
import { jsonRows, type Sql, sql } from "../db/sql.ts";
import { toStorableText } from "../lib/storable.ts";

/** An item that a door refused, as it came. */
export interface RejectedItem {
  readonly workspaceId: number;
  readonly sourceId: string;
  /** A code of the closed list that the door documents. */
  readonly reason: string;
  readonly raw: string;
  readonly receivedAt: number;
}

/**
 * A refused item as the journal carries it (JSON) and the table `failed_events` keeps it, so that it can
 * be mended and replayed. `failed_id` tells it from an event.
 */
export interface FailedEventRow {
  readonly workspace_id: number;
  readonly failed_id: string;
  readonly received_at: number;
  readonly source_id: string;
  readonly reason: string;
  readonly raw: string;
}

/** Gives a refused item its id and its row's shape. */
export function createFailedEvent(item: RejectedItem, failedId: string): FailedEventRow {
  return {
    workspace_id: item.workspaceId,
    failed_id: failedId,
    received_at: item.receivedAt,
    source_id: toStorableText(item.sourceId),
    reason: toStorableText(item.reason),
    raw: toStorableText(item.raw),
  };
}

/** Whether a slice of the journal may hold refused items; a false alarm costs only a filter. */
export function mayHoldFailedEvents(json: string): boolean {
  return json.includes('"failed_id":');
}

/** Condition on a row of `jsonRows`: it is a refused item, no event. */
export const isFailedEvent: Sql = sql`r.value ->> 'failed_id' IS NOT NULL`;

/** Keeps the refused items of a JSON array; those already kept are passed over. */
export function insertFailedEvents(engine: Engine, json: string): Sql {
  return sql`
    INSERT INTO failed_events (workspace_id, failed_id, received_at, source_id, reason, raw)
    SELECT
      CAST(r.value ->> 'workspace_id' AS BIGINT), r.value ->> 'failed_id',
      CAST(r.value ->> 'received_at' AS BIGINT), r.value ->> 'source_id',
      r.value ->> 'reason', r.value ->> 'raw'
    FROM ${jsonRows(engine, json)}
    WHERE ${isFailedEvent}
    ON CONFLICT DO NOTHING`;
}
