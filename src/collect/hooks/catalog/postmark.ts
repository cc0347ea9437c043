import {
  defineHook,
  describe,
  type HookEvent,
  type HookRequest,
  headerOf,
  isSameSecret,
  type JsonObject,
  objectOf,
  readCustomFields,
  readTime,
  textOf,
} from "../define.ts";

const SECRET_HEADER = "x-clicktrail-hook";

/** Bounce types that say something else than that the mail came back. */
const BOUNCES: Record<string, HookEvent["outcome"]> = {
  Transient: "deferred",
  Unsubscribe: "unsubscribed",
  SpamComplaint: "complained",
  Subscribe: "ignored",
  AutoResponder: "ignored",
  AddressChange: "ignored",
  ChallengeVerification: "ignored",
  OpenRelayTest: "ignored",
};

const HARD = new Set(["HardBounce", "BadEmailAddress", "ManuallyDeactivated"]);

/**
 * Postmark signs nothing: a password in the webhook's address, or a header of our own, is what it can carry.
 *
 * @see https://postmarkapp.com/developer/webhooks/webhooks-overview
 */
export default defineHook({
  title: "Postmark",
  credential: {
    says: "The password of Basic authentication, or the value of X-Clicktrail-Hook",
    isMinted: true,
    mistakeIn: (password) =>
      password.length < 16
        ? "Expected at least 16 characters; leave it out to get one."
        : undefined,
  },
  verify({ headers, credential }: HookRequest) {
    const given = headerOf(headers[SECRET_HEADER]) || passwordOf(headers.authorization ?? "");
    return isSameSecret(given, credential) ? "valid" : "forged";
  },
  read: (body) => [toEvent(objectOf(body))],
  examples: [
    {
      says: "a delivery, found by its metadata",
      body: {
        RecordType: "Delivery",
        MessageID: "8839",
        Recipient: "ana@example.com",
        DeliveredAt: "2026-01-05T10:00:00Z",
        Metadata: { clicktrail_message_id: "order-7" },
      },
      gives: [
        {
          outcome: "delivered",
          email: "ana@example.com",
          messageId: "order-7",
          at: 1_767_607_200_000,
        },
      ],
    },
    {
      says: "a hard bounce",
      body: {
        RecordType: "Bounce",
        ID: 42,
        Type: "HardBounce",
        Email: "ana@example.com",
        Description: "The server was unable to deliver your message",
      },
      gives: [
        {
          outcome: "bounced",
          properties: {
            bounce: "hard",
            status: "HardBounce",
            reason: "The server was unable to deliver your message",
          },
        },
      ],
    },
    {
      says: "an unsubscription",
      body: {
        RecordType: "SubscriptionChange",
        SuppressSending: true,
        SuppressionReason: "ManualSuppression",
      },
      gives: [{ outcome: "unsubscribed" }],
    },
    {
      says: "a suppression that follows a bounce, which was told already",
      body: {
        RecordType: "SubscriptionChange",
        SuppressSending: true,
        SuppressionReason: "HardBounce",
      },
      gives: [{ outcome: "ignored" }],
    },
    {
      says: "a click, which is counted here already",
      body: { RecordType: "Click", MessageID: "8839" },
      gives: [{ outcome: "ignored" }],
    },
  ],
});

function toEvent(event: JsonObject): HookEvent {
  const outcome = outcomeOf(event);
  const type = textOf(event["Type"]);
  const at = textOf(event["DeliveredAt"]) ?? textOf(event["BouncedAt"]) ?? event["ChangedAt"];
  const email = textOf(event["Recipient"]) ?? textOf(event["Email"]);
  return {
    outcome,
    // Only bounces have an id of their own.
    id: [event["RecordType"], event["ID"] ?? event["MessageID"], email, at].join(" "),
    at: readTime(at),
    email,
    contactId: null,
    ...readCustomFields(objectOf(event["Metadata"])),
    properties: describe({
      bounce: outcome === "bounced" ? (HARD.has(type ?? "") ? "hard" : "soft") : undefined,
      status: type,
      reason: textOf(event["Details"]) ?? event["Description"],
      esp_message_id: event["MessageID"],
    }),
  };
}

function outcomeOf(event: JsonObject): HookEvent["outcome"] {
  switch (event["RecordType"]) {
    case undefined:
      return "invalid";
    case "Delivery":
      return "delivered";
    case "SpamComplaint":
      return "complained";
    case "SubscriptionChange":
      return event["SuppressSending"] === true && event["SuppressionReason"] === "ManualSuppression"
        ? "unsubscribed"
        : "ignored";
    case "Bounce":
      return bounceOutcome(textOf(event["Type"]) ?? "");
    default:
      return "ignored";
  }
}

function bounceOutcome(type: string): HookEvent["outcome"] {
  return Object.hasOwn(BOUNCES, type) ? (BOUNCES[type] ?? "bounced") : "bounced";
}

function passwordOf(authorization: string): string {
  const [, value = ""] = /^basic +(\S+) *$/i.exec(authorization) ?? [];
  const text = Buffer.from(value, "base64").toString("utf8");
  return text.slice(text.indexOf(":") + 1);
}
