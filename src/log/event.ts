/** Where a fact came from. */
type EventSource = "email" | "site" | "server" | "esp";

/**
 * What a fact is. Email: `sent open click delivered bounced complained unsubscribed deferred`;
 * `rewrite` registers a campaign's links; `flood` stands for as many hits on one token as its `hits`
 * property says. Site and server: the Segment call types; `review` is what a person decided about two
 * contacts. `erased` is the tombstone of an erased contact's fact: its place in the log and a hash of
 * its key, and nothing else.
 */
export type EventType =
  | "sent"
  | "open"
  | "click"
  | "delivered"
  | "bounced"
  | "complained"
  | "unsubscribed"
  | "deferred"
  | "rewrite"
  | "flood"
  | "track"
  | "page"
  | "screen"
  | "identify"
  | "group"
  | "alias"
  | "review"
  | "erased";

/**
 * One fact, as the journal carries it (JSON) and the table `events` keeps it. Never changed.
 *
 * Times are milliseconds since the Unix epoch. Money is in minor units of `currency` (ISO 4217);
 * both are set or both are null. Contact, session and verdict are no columns: projections hold them.
 */
export interface EventRow {
  workspace_id: number;
  /** The key or door it came through: `click`, `open`, `flood`, `rewrite`, or the id of a site or API key. */
  source_id: string;
  /** The sender's message id, or one of ours: unique within workspace and source. */
  event_id: string;
  source: EventSource;
  type: EventType;
  /** Standard or custom event name, snake_case: `email_clicked`, `page_view`. */
  name: string;
  occurred_at: number;
  received_at: number;
  sent_at: number | null;
  /** 11 characters of base64url: minted by us, or a keyed hash of the sender's own id. */
  message_id: string | null;
  campaign_id: string | null;
  /** The link's index in its mail, as text. */
  link_id: string | null;
  /** On a click: its own id. On a site event: the click it landed from. */
  click_id: string | null;
  anonymous_id: string | null;
  user_id: string | null;
  email_claim: string | null;
  /** The contact reference of a recipient token or a mail: see `lib/refs.ts`. */
  recipient_contact: string | null;
  url: string | null;
  value_minor: number | null;
  currency: string | null;
  /** 0 to 100, or null where quality is not scored (email facts). */
  quality: number | null;
  /** Ids of the failed quality checks, comma-separated. */
  quality_failed: string | null;
  /** What surrounded it: user agent, headers, truncated address, page, library. */
  context: Record<string, unknown>;
  properties: Record<string, unknown>;
}

/** An event as read back from the log. On SQLite `txid` is always 0. */
export interface StoredEvent extends EventRow {
  seq: number;
  txid: number;
}

const NOTHING_KNOWN = {
  sent_at: null,
  message_id: null,
  campaign_id: null,
  link_id: null,
  click_id: null,
  anonymous_id: null,
  user_id: null,
  email_claim: null,
  recipient_contact: null,
  url: null,
  value_minor: null,
  currency: null,
  quality: null,
  quality_failed: null,
  context: {},
  properties: {},
} as const satisfies Partial<EventRow>;

type Known = Omit<EventRow, keyof typeof NOTHING_KNOWN> & Partial<EventRow>;

/** Completes a fact: every column that is not given is null (`context` and `properties` empty). */
export function createEvent(known: Known): EventRow {
  return { ...NOTHING_KNOWN, ...known };
}
