import { createHash } from "node:crypto";
import type { Message } from "./segment-protocol.ts";

/** Segment's own limit. */
const MAX_MESSAGE_ID_LENGTH = 100;
const HOUR_MS = 3_600_000;

/** Where an event came in: what tells it from another without an id of its own. */
interface Place {
  readonly receivedAt: number;
  /** The request's `Idempotency-Key`. */
  readonly idempotencyKey: string | undefined;
  /** Position in the request. */
  readonly index: number;
}

/**
 * The id that makes an event unique in its source: the sender's own, or a hash of what it says, so
 * that a retried request does not count twice.
 *
 * Without a time two honest events look the same; the hour of arrival keeps today's from yesterday's. An
 * `Idempotency-Key` tells them apart better: the same request again is the same, any other is another.
 */
export function assignMessageId(message: Message, place: Place): string {
  const { messageId } = message;
  if (messageId !== null) {
    return messageId.length <= MAX_MESSAGE_ID_LENGTH ? messageId : hash(["id", messageId]);
  }
  const { type, name, userId, anonymousId, originalAt, properties } = message;
  const said = [type, name, userId, anonymousId, originalAt, sortKeys(properties)];
  const { idempotencyKey, index, receivedAt } = place;
  if (idempotencyKey !== undefined) return hash([idempotencyKey, index, said]);
  return hash([...said, originalAt === null ? Math.floor(receivedAt / HOUR_MS) : null]);
}

function hash(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 27);
}

/** A JSON value with its keys in order: the same properties in another order are the same event. */
export function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, sortKeys(item)]);
}
