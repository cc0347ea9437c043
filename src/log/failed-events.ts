import type { BatchStatement } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import { errorMessage } from "../lib/errors.ts";
import { toStorableText } from "../lib/storable.ts";

/** A fact that the log refused, with the reason. */
export interface Reject {
  readonly fact: unknown;
  readonly error: unknown;
}

/** An item that a door refused, kept raw so that it can be mended and replayed. */
export interface RejectedItem {
  readonly workspaceId: number;
  readonly sourceId: string;
  readonly reason: string;
  readonly raw: string;
  readonly receivedAt: number;
}

interface FailedEventsDeps {
  readonly createId: () => string;
  readonly now: () => number;
}

/** The writes that keep refused facts in `failed_events`. */
export function failedEvents(
  rejects: readonly Reject[],
  { createId, now }: FailedEventsDeps,
): BatchStatement[] {
  const items = rejects.map(({ fact, error }) => ({
    workspaceId: numberIn(fact, "workspace_id"),
    sourceId: String(valueIn(fact, "source_id") ?? ""),
    reason: errorMessage(error),
    raw: JSON.stringify(fact),
    receivedAt: now(),
  }));
  return keepRejected(items, createId);
}

/** The writes that keep items refused at a door. */
export function keepRejected(
  items: readonly RejectedItem[],
  createId: () => string,
): BatchStatement[] {
  return items.map(
    (item) => sql`
      INSERT INTO failed_events (workspace_id, failed_id, received_at, source_id, reason, raw)
      VALUES (
        ${item.workspaceId}, ${createId()}, ${item.receivedAt}, ${toStorableText(item.sourceId)},
        ${toStorableText(item.reason)}, ${toStorableText(item.raw)}
      )`,
  );
}

function valueIn(fact: unknown, key: string): unknown {
  return typeof fact === "object" && fact !== null
    ? Object.entries(fact).find(([k]) => k === key)?.[1]
    : undefined;
}

function numberIn(fact: unknown, key: string): number {
  const value = valueIn(fact, key);
  return typeof value === "number" && Number.isSafeInteger(value) ? value : 0;
}
