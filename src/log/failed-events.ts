import { createHash } from "node:crypto";
import type { BulkInsert } from "../db/db.ts";
import { identifier } from "../db/sql.ts";
import { parseJson } from "../lib/json.ts";
import { toStorableText } from "../lib/storable.ts";

/** Whose key a refused item came with: a site's or a server's. */
export type FailedSource = "site" | "server";

/** An item that a door refused, as it came. */
export interface RejectedItem {
  readonly workspaceId: number;
  readonly sourceId: string;
  readonly source: FailedSource;
  /** Whether its visit is to be joined to nobody. */
  readonly refusesJoin?: boolean;
  /** A code of the closed list that the door documents, or a sentence where a fact is no fact. */
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
  /** Null where only the importer met it. */
  readonly source: FailedSource | null;
  readonly refuses_join: number;
  readonly reason: string;
  readonly raw: string;
}

const COLUMNS = [
  "workspace_id",
  "failed_id",
  "received_at",
  "source_id",
  "source",
  "refuses_join",
  "reason",
  "raw",
] as const satisfies readonly (keyof FailedEventRow)[];

const HOUR_MS = 3_600_000;

/**
 * The id of a refused item, the same when a client sends it again, alone or in a batch: it is kept once, and once
 * mended counts once.
 *
 * Without an id of its own two honest items look the same; the hour of arrival keeps today's from yesterday's.
 */
export function failedIdOf({
  workspaceId,
  sourceId,
  reason,
  raw,
  receivedAt,
}: RejectedItem): string {
  const { messageId, sentAt: _sentAt, ...said } = objectFrom(raw);
  const hour = Math.floor(receivedAt / HOUR_MS);
  // Of those that came under one id each is another event.
  const ownId = reason === "message_id_reused" ? undefined : messageId;
  const what = ownId ?? [Object.keys(said).length > 0 ? said : raw, hour];
  const content = JSON.stringify([workspaceId, sourceId, reason, what]);
  return createHash("sha256").update(content).digest("base64url").slice(0, 27);
}

function objectFrom(raw: string): Record<string, unknown> {
  try {
    return Object(parseJson(Buffer.from(raw)));
  } catch {
    // A body that is no JSON, or nested too deep to be written again, is refused for just that.
    return {};
  }
}

/** Gives a refused item its id and its row's shape. */
export function createFailedEvent(item: RejectedItem, failedId: string): FailedEventRow {
  return {
    workspace_id: item.workspaceId,
    failed_id: failedId,
    received_at: item.receivedAt,
    source_id: toStorableText(item.sourceId),
    source: item.source,
    refuses_join: item.refusesJoin === true ? 1 : 0,
    reason: toStorableText(item.reason),
    raw: toStorableText(item.raw),
  };
}

/** A slice of the journal, its refused items apart from its events. */
export interface SplitSlice {
  /** JSON arrays. */
  readonly events: string;
  readonly failed: string;
}

const FAILED_MARK = '"failed_id":';

/**
 * Splits a slice of the journal; undefined where it holds no refused item, as nearly always.
 *
 * @param json events and refused items as a JSON array in UTF-8
 */
export function splitFailedEvents(json: Buffer): SplitSlice | undefined {
  if (!json.includes(FAILED_MARK)) return undefined;
  const facts: object[] = JSON.parse(json.toString("utf8"));
  const failed = facts.filter((fact) => "failed_id" in fact);
  const events = facts.filter((fact) => !("failed_id" in fact));
  return { events: JSON.stringify(events), failed: JSON.stringify(failed) };
}

/** Keeps refused items, given as a JSON array; those already kept are passed over. */
export function insertFailedEvents(rows: string): BulkInsert {
  return { into: identifier("failed_events"), columns: COLUMNS, rows };
}
