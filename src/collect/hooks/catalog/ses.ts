import {
  defineHook,
  describe,
  type HookEvent,
  type HookNetwork,
  type HookRequest,
  hasSnsSignature,
  isFresh,
  isObject,
  isSnsAddress,
  type JsonObject,
  objectOf,
  readCustomFields,
  readMessageHeader,
  readTime,
  signingCertificateOf,
  textOf,
} from "../define.ts";

/** @see https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html */
export default defineHook({
  title: "Amazon SES",
  credential: {
    says: "The ARN of the SNS topic: anybody may sign with a topic of their own",
    isMinted: false,
    mistakeIn: (arn) =>
      /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/.test(arn)
        ? undefined
        : "Expected the ARN of a topic, such as arn:aws:sns:eu-west-1:123456789012:mails.",
  },
  async verify({ body, credential, now }: HookRequest, network: HookNetwork) {
    const envelope = objectOf(body);
    const address = signingCertificateOf(envelope);
    if (address === undefined || envelope["TopicArn"] !== credential) return "forged";
    const certificate = await network.fetchCertificate(address);
    if (!hasSnsSignature(envelope, certificate, now)) return "forged";
    return isFresh(readTime(envelope["Timestamp"]) ?? 0, now) ? "valid" : "stale";
  },
  async handshake(body, network) {
    const { Type: type, SubscribeURL: address } = objectOf(body);
    if (type !== "SubscriptionConfirmation") return false;
    if (typeof address === "string" && isSnsAddress(address)) await network.confirm(address);
    return true;
  },
  read(body) {
    const envelope = objectOf(body);
    const notification = parse(textOf(envelope["Message"]) ?? "");
    return readNotification(notification).map((event, index) => ({
      ...event,
      id: `${envelope["MessageId"]} ${index}`,
    }));
  },
  examples: [
    {
      says: "a delivery, found by the message tag",
      body: {
        MessageId: "n1",
        Message: JSON.stringify({
          eventType: "Delivery",
          mail: { messageId: "s1", tags: { clicktrail_message_id: ["order-7"] } },
          delivery: { timestamp: "2026-01-05T10:00:00Z", recipients: ["ana@example.com"] },
        }),
      },
      gives: [
        {
          outcome: "delivered",
          id: "n1 0",
          email: "ana@example.com",
          messageId: "order-7",
          at: 1_767_607_200_000,
          properties: { esp_message_id: "s1" },
        },
      ],
    },
    {
      says: "a bounce of two recipients, found by the header",
      body: {
        MessageId: "n2",
        Message: JSON.stringify({
          notificationType: "Bounce",
          mail: { headers: [{ name: "X-Clicktrail-Message", value: "order-8" }] },
          bounce: {
            bounceType: "Permanent",
            bouncedRecipients: [
              { emailAddress: "ana@example.com", status: "5.1.1", diagnosticCode: "unknown" },
              { emailAddress: "bob@example.com" },
            ],
          },
        }),
      },
      gives: [
        {
          outcome: "bounced",
          email: "ana@example.com",
          messageId: "order-8",
          properties: { bounce: "hard", status: "5.1.1", reason: "unknown" },
        },
        { outcome: "bounced", id: "n2 1", email: "bob@example.com" },
      ],
    },
    {
      says: "an open, which is counted here already",
      body: { MessageId: "n3", Message: '{"eventType":"Open"}' },
      gives: [{ outcome: "ignored" }],
    },
    {
      says: "a message that is none of SES",
      body: { MessageId: "n4", Message: "Hello" },
      gives: [{ outcome: "invalid" }],
    },
  ],
});

function parse(text: string): JsonObject {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}

/** What a notification says of one recipient. */
interface Report {
  readonly outcome: HookEvent["outcome"];
  readonly email: string | null;
  readonly bounce?: string;
  readonly status?: unknown;
  readonly reason?: unknown;
}

function readNotification(notification: JsonObject): Omit<HookEvent, "id">[] {
  const kind = textOf(notification["eventType"]) ?? textOf(notification["notificationType"]);
  const mail = objectOf(notification["mail"]);
  const detail = detailOf(notification, kind);
  const { messageId, campaign } = readCustomFields(objectOf(mail["tags"]));
  return reportsOf(kind, detail, mail).map(({ outcome, email, ...more }) => ({
    outcome,
    at: readTime(detail["timestamp"]),
    email,
    contactId: null,
    messageId: messageId ?? readMessageHeader(mail["headers"]),
    campaign,
    properties: describe({ ...more, esp_message_id: mail["messageId"] }),
  }));
}

const DETAILS: Record<string, string> = {
  Delivery: "delivery",
  Bounce: "bounce",
  Complaint: "complaint",
  DeliveryDelay: "deliveryDelay",
  Subscription: "subscription",
  Reject: "reject",
};

function detailOf(notification: JsonObject, kind: string | null): JsonObject {
  const name = kind !== null && Object.hasOwn(DETAILS, kind) ? DETAILS[kind] : undefined;
  return name === undefined ? {} : objectOf(notification[name]);
}

function reportsOf(kind: string | null, detail: JsonObject, mail: JsonObject): Report[] {
  switch (kind) {
    case null:
      return [{ outcome: "invalid", email: null }];
    case "Delivery":
      return textsOf(detail["recipients"]).map((email) => ({ outcome: "delivered", email }));
    case "Bounce":
      return recipientsOf(detail["bouncedRecipients"]).map(({ email, status, reason }) => {
        const bounce = detail["bounceType"] === "Permanent" ? "hard" : "soft";
        return { outcome: "bounced", email, bounce, status, reason };
      });
    case "Complaint":
      return recipientsOf(detail["complainedRecipients"]).map(({ email }) => ({
        outcome: "complained",
        email,
        reason: detail["complaintFeedbackType"],
      }));
    case "DeliveryDelay":
      return recipientsOf(detail["delayedRecipients"]).map(({ email, status, reason }) => ({
        outcome: "deferred",
        email,
        status,
        reason: reason ?? detail["delayType"],
      }));
    case "Reject":
      return textsOf(mail["destination"]).map((email) => ({
        outcome: "bounced",
        email,
        bounce: "dropped",
        reason: detail["reason"],
      }));
    case "Subscription": {
      const isOut = objectOf(detail["newTopicPreferences"])["unsubscribeAll"] === true;
      const outcome = isOut ? "unsubscribed" : "ignored";
      return textsOf(mail["destination"]).map((email) => ({ outcome, email }));
    }
    default:
      return [{ outcome: "ignored", email: null }];
  }
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function recipientsOf(value: unknown) {
  return (Array.isArray(value) ? value.filter(isObject) : []).map((recipient) => ({
    email: textOf(recipient["emailAddress"]),
    status: recipient["status"],
    reason: recipient["diagnosticCode"],
  }));
}
