import { z } from "zod";
import { validate } from "../lib/validate.ts";

/**
 * What a fact is. Email: `sent open click delivered bounced complained unsubscribed deferred`;
 * `rewrite` registers a campaign's links; `flood` stands for as many hits on one token as its `hits`
 * property says. Site and server: the Segment call types; `review` is what a person decided about two
 * contacts. `erased` is the tombstone of an erased contact's fact: its place in the log and a hash of
 * its key, and nothing else.
 */
const EVENT_TYPES = [
  "sent",
  "open",
  "click",
  "delivered",
  "bounced",
  "complained",
  "unsubscribed",
  "deferred",
  "rewrite",
  "flood",
  "track",
  "page",
  "screen",
  "identify",
  "group",
  "alias",
  "review",
  "erased",
] as const;

const text = z.string().nullable();
const jsonObject = z.preprocess(parseText, z.record(z.string(), z.unknown()));

const eventSchema = z
  .strictObject({
    workspace_id: z.int(),
    /** The key or door it came through: `click`, `open`, `flood`, `rewrite`, or the id of a site or API key. */
    source_id: z.string(),
    /** The sender's message id, or one of ours: unique within workspace and source. */
    event_id: z.string(),
    source: z.enum(["email", "site", "server", "esp"]),
    type: z.enum(EVENT_TYPES),
    /** Standard or custom event name, snake_case: `email_clicked`, `page_view`. */
    name: z.string(),
    occurred_at: z.int(),
    received_at: z.int(),
    sent_at: z.int().nullable(),
    /** 11 characters of base64url: minted by us, or a keyed hash of the sender's own id. */
    message_id: text,
    campaign_id: text,
    /** The link's index in its mail, as text. */
    link_id: text,
    /** On a click: its own id. On a site event: the click it landed from. */
    click_id: text,
    anonymous_id: text,
    user_id: text,
    email_claim: text,
    /** The contact reference of a recipient token or a mail: see `lib/refs.ts`. */
    recipient_contact: text,
    url: text,
    value_minor: z.int().nullable(),
    currency: z.string().length(3).nullable(),
    /** 0 to 100, or null where quality is not scored (email facts). */
    quality: z.int().nullable(),
    /** Ids of the failed quality checks, comma-separated. */
    quality_failed: text,
    /** What surrounded it: user agent, headers, truncated address, page, library. */
    context: jsonObject,
    properties: jsonObject,
  })
  .refine(({ value_minor, currency }) => (value_minor === null) === (currency === null), {
    path: ["value_minor"],
    message: "Expected an amount with its currency, or neither.",
  });

/**
 * One fact, as the journal carries it (JSON) and the table `events` keeps it. Never changed.
 *
 * Times are milliseconds since the Unix epoch. Money is in minor units of `currency` (ISO 4217);
 * both are set or both are null. Contact, session and verdict are no columns: projections hold them.
 */
export type EventRow = z.infer<typeof eventSchema>;

/** An event as read back from the log. On SQLite `txid` is always 0. */
export interface StoredEvent extends EventRow {
  seq: number;
  txid: number;
}

const NULLS = {
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
} as const satisfies Partial<EventRow>;

const NOTHING_KNOWN = { ...NULLS, context: {}, properties: {} };

/** The columns that may be null. */
export const NULLABLE_COLUMNS: readonly string[] = Object.keys(NULLS);

type Known = Omit<EventRow, keyof typeof NOTHING_KNOWN> & Partial<EventRow>;

/** Completes a fact: every column that is not given is null (`context` and `properties` empty). */
export function createEvent(known: Known): EventRow {
  return { ...NOTHING_KNOWN, ...known };
}

/**
 * Reads a fact as the journal carries it: members that are null may be missing, `context` and `properties` may be
 * JSON text.
 *
 * @throws {AppError} `invalid_body` (422): says where the log could not take it
 */
export function readEvent(fact: object): EventRow {
  return validate(eventSchema, { ...NOTHING_KNOWN, ...fact }, { what: "fact" });
}

/** What is no JSON stays text, which is no object either. */
function parseText(given: unknown): unknown {
  if (typeof given !== "string") return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}
