import { createHash } from "node:crypto";
import type { Message } from "./segment-protocol.ts";

/** Segment's own limit. */
const MAX_MESSAGE_ID_LENGTH = 100;
const HOUR_MS = 3_600_000;

/**
 * The id that makes an event unique in its source: the sender's own, or a hash of what it says, so
 * that a retried request does not count twice.
 *
 * Without a time two honest events look the same; the hour of arrival keeps today's from yesterday's.
 */
export function assignMessageId(message: Message, receivedAt: number): string {
  const { messageId } = message;
  if (messageId !== null) {
    return messageId.length <= MAX_MESSAGE_ID_LENGTH ? messageId : hash(["id", messageId]);
  }
  const { type, name, userId, anonymousId, originalAt, properties } = message;
  const at = originalAt ?? `hour ${Math.floor(receivedAt / HOUR_MS)}`;
  return hash([type, name, userId, anonymousId, at, sortKeys(properties)]);
}

function hash(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 27);
}

/** The same properties in another order are the same event. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, sortKeys(item)]);
}
