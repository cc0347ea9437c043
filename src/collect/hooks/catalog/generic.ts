import { createHash } from "node:crypto";
import {
  defineHook,
  describe,
  type HookEvent,
  type HookRequest,
  headerOf,
  hmacHex,
  isFresh,
  isObject,
  isSameSecret,
  type JsonObject,
  OUTCOMES,
  objectOf,
  readTime,
  textOf,
} from "../define.ts";

const SIGNATURE = "clicktrail-signature";

/** Who signs for this form signs anew for each try. */
const MAX_AGE_MS = 5 * 60_000;

const IGNORED = new Set(["sent", "opened", "open", "clicked", "click"]);

/** Any other service: `Clicktrail-Signature: t=<seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`, or an API key. */
export default defineHook({
  title: "Any other service",
  credential: {
    says: "The secret of the HMAC-SHA256",
    isMinted: true,
    mistakeIn: (secret) =>
      secret.length < 16 ? "Expected at least 16 characters; leave it out to get one." : undefined,
  },
  verify({ headers, bytes, credential, now }: HookRequest) {
    const header = headerOf(headers[SIGNATURE]);
    const [, time = "", signature = ""] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? [];
    const signed = Buffer.concat([Buffer.from(`${time}.`), bytes]);
    if (!isSameSecret(signature, hmacHex(credential, signed))) return "forged";
    return isFresh(Number(time) * 1000, now, MAX_AGE_MS) ? "valid" : "stale";
  },
  read: (body) => (Array.isArray(body) ? body : [body]).map(toEvent),
  examples: [
    {
      says: "one event about a mail of ours",
      body: {
        id: "e1",
        event: "bounced",
        message_id: "order-7",
        ts: "2026-01-05T10:00:00Z",
        meta: { bounce: "hard", reason: "No such mailbox" },
      },
      gives: [
        {
          outcome: "bounced",
          id: "e1",
          messageId: "order-7",
          at: 1_767_607_200_000,
          properties: { bounce: "hard", reason: "No such mailbox" },
        },
      ],
    },
    {
      says: "several, by address and by the sender's own id",
      body: [
        { event: "delivered", email: "ana@example.com", campaign: "spring sale" },
        { event: "unsubscribed", contact_id: "u7" },
      ],
      gives: [
        { outcome: "delivered", email: "ana@example.com", campaign: "spring sale" },
        { outcome: "unsubscribed", contactId: "u7" },
      ],
    },
    {
      says: "an open, which is counted here already, and an event that is none of ours",
      body: [{ event: "opened", email: "ana@example.com" }, { event: "exploded" }],
      gives: [{ outcome: "ignored" }, { outcome: "invalid" }],
    },
  ],
});

function toEvent(given: unknown): HookEvent {
  const event = objectOf(given);
  return {
    outcome: outcomeOf(event),
    id: textOf(event["id"]) ?? hashOf(given),
    at: readTime(event["ts"]),
    email: textOf(event["email"]),
    contactId: textOf(event["contact_id"]),
    messageId: textOf(event["message_id"]),
    campaign: textOf(event["campaign"]),
    properties: describe(isObject(event["meta"]) ? event["meta"] : {}),
  };
}

function outcomeOf({ event }: JsonObject): HookEvent["outcome"] {
  const name = textOf(event) ?? "";
  if (IGNORED.has(name)) return "ignored";
  return OUTCOMES.find((outcome) => outcome === name) ?? "invalid";
}

/** Without an id, equal content is the same event. */
function hashOf(event: unknown): string {
  return createHash("sha256").update(JSON.stringify(event)).digest("base64url").slice(0, 27);
}
