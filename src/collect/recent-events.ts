import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { EventRow } from "../log/event.ts";
import { transactionOf } from "../log/transaction.ts";

/** Events that are looked back on; two seconds of a busy site. */
const REMEMBERED = 10_000;
/** A double click or a tag that fires twice, not a person who does it again. */
const SPAN_MS = 2000;

/** Characters; all remembered keys together stay below 10 MB. */
const MAX_KEY_LENGTH = 500;

/** Remembers the last events of this process, to tell doubles that came under ids of their own. */
export interface RecentEvents {
  /** Whether an equal event came shortly before, or its transaction at all; remembers it. */
  isDuplicate(event: EventRow): boolean;
  /** Whether another event came under its id; remembers it. The log would keep the first, and say nothing. */
  isReused(event: EventRow): boolean;
}

/** Nothing is known of what came before. */
export const NOTHING_RECENT: RecentEvents = { isDuplicate: () => false, isReused: () => false };

export function createRecentEvents(): RecentEvents {
  const seen = new LRUCache<string, { id: string; at: number }>({ max: REMEMBERED });
  const contents = new LRUCache<string, string>({ max: REMEMBERED });
  function sawOther(key: string, { event_id, occurred_at }: EventRow, spanMs: number): boolean {
    const before = seen.get(key);
    seen.set(key, { id: event_id, at: occurred_at });
    if (!before || before.id === event_id) return false;
    return Math.abs(before.at - occurred_at) <= spanMs;
  }
  return {
    isDuplicate(event) {
      const isSame = sawOther(contentKey(event), event, SPAN_MS);
      const transaction = transactionKey(event);
      const isSold = transaction !== null && sawOther(transaction, event, Number.POSITIVE_INFINITY);
      return isSame || isSold;
    },
    isReused(event) {
      const id = `${event.workspace_id} ${event.source_id} ${event.event_id}`;
      const content = contentKey(event);
      const before = contents.get(id);
      if (before === undefined) contents.set(id, content);
      return before !== undefined && before !== content;
    },
  };
}

/** Visitor, event and properties, whatever door each came through. */
function contentKey(event: EventRow): string {
  const { workspace_id, type, name, anonymous_id, user_id, url, properties } = event;
  const visitor = anonymous_id ?? user_id;
  // The address is what a page view is about; not every client repeats it among the properties.
  const page = type === "page" ? url : null;
  const content = [workspace_id, type, name, visitor, page, properties];
  const text = JSON.stringify(content);
  // Hashing costs more than the rest of the check: only long ones are.
  if (text.length <= MAX_KEY_LENGTH) return text;
  return createHash("sha256").update(text).digest("base64url");
}

/** One sale, also when both the page and the server report it. */
function transactionKey(event: EventRow): string | null {
  const id = transactionOf(event);
  return id === null ? null : `${event.workspace_id} ${id}`;
}
