import {
  defineHook,
  describe,
  type HookEvent,
  type HookRequest,
  hmacHex,
  isFresh,
  isSameSecret,
  type JsonObject,
  objectOf,
  readCustomFields,
  readTime,
  textOf,
} from "../define.ts";

const OUTCOMES: Record<string, HookEvent["outcome"]> = {
  delivered: "delivered",
  failed: "bounced",
  complained: "complained",
  unsubscribed: "unsubscribed",
};

/** @see https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-payloads */
export default defineHook({
  title: "Mailgun",
  credential: {
    says: "The HTTP webhook signing key",
    isMinted: false,
    mistakeIn: (key) =>
      key.length < 16 ? "Expected the webhook signing key that Mailgun shows." : undefined,
  },
  verify({ body, credential, now }: HookRequest) {
    const { timestamp, token, signature } = objectOf(objectOf(body)["signature"]);
    const expected = hmacHex(credential, `${timestamp}${token}`);
    if (!isSameSecret(textOf(signature) ?? "", expected)) return "forged";
    return isFresh(Number(timestamp) * 1000, now) ? "valid" : "stale";
  },
  // Signed are the time and the token alone.
  tokenOf: (body) => textOf(objectOf(objectOf(body)["signature"])["token"]) ?? undefined,
  read: (body) => [toEvent(objectOf(objectOf(body)["event-data"]))],
  examples: [
    {
      says: "a delivery, found by the variable",
      body: {
        "event-data": {
          event: "delivered",
          id: "x1",
          timestamp: 1_767_607_200.25,
          recipient: "ana@example.com",
          "user-variables": { clicktrail_message_id: "order-7", clicktrail_campaign: "orders" },
        },
      },
      gives: [
        {
          outcome: "delivered",
          id: "x1",
          at: 1_767_607_200_250,
          messageId: "order-7",
          campaign: "orders",
        },
      ],
    },
    {
      says: "a failure that is tried again",
      body: { "event-data": { event: "failed", severity: "temporary", id: "x2" } },
      gives: [{ outcome: "deferred", properties: {} }],
    },
    {
      says: "a failure for good",
      body: {
        "event-data": {
          event: "failed",
          severity: "permanent",
          id: "x3",
          "delivery-status": { code: 550, message: "No such mailbox" },
        },
      },
      gives: [
        {
          outcome: "bounced",
          properties: { bounce: "hard", status: "550", reason: "No such mailbox" },
        },
      ],
    },
    {
      says: "an open, which is counted here already",
      body: { "event-data": { event: "opened", id: "x4" } },
      gives: [{ outcome: "ignored" }],
    },
  ],
});

function toEvent(event: JsonObject): HookEvent {
  const outcome = outcomeOf(event);
  const id = textOf(event["id"]);
  const status = objectOf(event["delivery-status"]);
  const known = textOf(event["event"]) !== null && (outcome === "ignored" || id !== null);
  return {
    outcome: known ? outcome : "invalid",
    id: id ?? "",
    at: readTime(event["timestamp"]),
    email: textOf(event["recipient"]),
    contactId: null,
    ...readCustomFields(objectOf(event["user-variables"])),
    properties: describe({
      bounce: outcome === "bounced" ? bounceOf(event) : undefined,
      status: status["code"],
      reason: textOf(status["message"]) ?? status["description"],
      esp_message_id: objectOf(objectOf(event["message"])["headers"])["message-id"],
    }),
  };
}

function outcomeOf({ event, severity }: JsonObject): HookEvent["outcome"] {
  if (event === "failed" && severity === "temporary") return "deferred";
  const name = textOf(event) ?? "";
  return Object.hasOwn(OUTCOMES, name) ? (OUTCOMES[name] ?? "ignored") : "ignored";
}

/** Mailgun does not send to an address on its suppression list. */
function bounceOf({ reason }: JsonObject): string {
  return (textOf(reason) ?? "").startsWith("suppress-") ? "dropped" : "hard";
}
