import { createPublicKey, verify } from "node:crypto";
import {
  defineHook,
  describe,
  type HookEvent,
  type HookRequest,
  headerOf,
  isFresh,
  type JsonObject,
  objectOf,
  readCustomFields,
  readTime,
  textOf,
} from "../define.ts";

const SIGNATURE = "x-twilio-email-event-webhook-signature";
const TIMESTAMP = "x-twilio-email-event-webhook-timestamp";

const OUTCOMES: Record<string, HookEvent["outcome"]> = {
  delivered: "delivered",
  bounce: "bounced",
  dropped: "bounced",
  deferred: "deferred",
  spamreport: "complained",
  unsubscribe: "unsubscribed",
  group_unsubscribe: "unsubscribed",
};

/** @see https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event */
export default defineHook({
  title: "SendGrid",
  credential: {
    says: "The verification key of the signed event webhook",
    isMinted: false,
    mistakeIn: (key) =>
      publicKeyOf(key) ? undefined : "Expected the verification key that SendGrid shows (base64).",
  },
  verify({ headers, bytes, credential, now }: HookRequest) {
    const timestamp = headerOf(headers[TIMESTAMP]);
    const signature = Buffer.from(headerOf(headers[SIGNATURE]), "base64");
    const key = publicKeyOf(credential);
    const signed = Buffer.concat([Buffer.from(timestamp), bytes]);
    if (!key || !verify("sha256", signed, key, signature)) return "forged";
    return isFresh(Number(timestamp) * 1000, now) ? "valid" : "stale";
  },
  read: (body) => (Array.isArray(body) ? body : [body]).map((event) => toEvent(objectOf(event))),
  examples: [
    {
      says: "a delivery, found by the custom argument",
      body: [
        {
          event: "delivered",
          email: "ana@example.com",
          timestamp: 1_767_607_200,
          sg_event_id: "e1",
          sg_message_id: "m1.filter",
          clicktrail_message_id: "order-7",
        },
      ],
      gives: [{ outcome: "delivered", id: "e1", messageId: "order-7", at: 1_767_607_200_000 }],
    },
    {
      says: "a hard bounce, a block and a drop",
      body: [
        { event: "bounce", type: "bounce", sg_event_id: "e2", status: "5.1.1", reason: "unknown" },
        { event: "bounce", type: "blocked", sg_event_id: "e3" },
        { event: "dropped", sg_event_id: "e4", reason: "Bounced Address" },
      ],
      gives: [
        { outcome: "bounced", properties: { bounce: "hard", status: "5.1.1", reason: "unknown" } },
        { outcome: "bounced", properties: { bounce: "soft" } },
        { outcome: "bounced", properties: { bounce: "dropped", reason: "Bounced Address" } },
      ],
    },
    {
      says: "opens and clicks, which are counted here already",
      body: [
        { event: "open", sg_event_id: "e5" },
        { event: "click", sg_event_id: "e6" },
        { event: "processed", sg_event_id: "e7" },
      ],
      gives: [{ outcome: "ignored" }, { outcome: "ignored" }, { outcome: "ignored" }],
    },
  ],
});

function toEvent(event: JsonObject): HookEvent {
  const name = textOf(event["event"]) ?? "";
  const id = textOf(event["sg_event_id"]);
  const outcome = Object.hasOwn(OUTCOMES, name) ? (OUTCOMES[name] ?? "ignored") : "ignored";
  const known = name !== "" && (outcome === "ignored" || id !== null);
  return {
    outcome: known ? outcome : "invalid",
    id: id ?? "",
    at: readTime(event["timestamp"]),
    email: textOf(event["email"]),
    contactId: null,
    // Custom arguments stand among the event's own fields.
    ...readCustomFields(event),
    properties: describe({
      bounce: outcome === "bounced" ? bounceOf(name, event) : undefined,
      status: event["status"],
      reason: event["reason"] ?? event["response"],
      esp_message_id: event["sg_message_id"],
    }),
  };
}

function bounceOf(name: string, { type }: JsonObject): string {
  if (name === "dropped") return "dropped";
  return type === "blocked" ? "soft" : "hard";
}

function publicKeyOf(base64: string) {
  try {
    const key = Buffer.from(base64, "base64");
    const publicKey = createPublicKey({ key, format: "der", type: "spki" });
    return publicKey.asymmetricKeyType === "ec" ? publicKey : undefined;
  } catch {
    return undefined;
  }
}
