import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { textToSign } from "../../../src/collect/hooks/sns.ts";
import { sql } from "../../../src/db/sql.ts";
import { createCertificate } from "../../support/certificate.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { NOW } from "../app.ts";
import { createHookApp, type HookApp, ORDER_7, refs } from "./app.ts";

const SECONDS = NOW / 1000;
const CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem";
const TOPIC = "arn:aws:sns:eu-west-1:123456789012:mails";
const sns = createCertificate();
const sendgrid = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const sendgridKey = sendgrid.publicKey.export({ type: "spki", format: "der" }).toString("base64");

let database: TestDatabase;
let hook: HookApp;

beforeEach(async () => {
  database = await createTestDatabase("sqlite");
  hook = await createHookApp(database.db, { [CERTIFICATE]: sns.pem });
});
afterEach(() => database.dispose());

/** A request as a provider sends it. */
interface Sent {
  readonly body: string;
  readonly headers?: Record<string, string>;
}

const post = (esp: string, { body, headers = {} }: Sent, query = "") =>
  request(hook.app)
    .post(`/v1/hooks/${esp}${query}`)
    .set({ "content-type": "application/json", ...headers })
    .send(body);

const setUp = (esp: string, credential?: string, workspace = 1) =>
  request(hook.app)
    .put(`/v1/hooks/${esp}`)
    .set("as-workspace", String(workspace))
    .send(credential === undefined ? {} : { credential })
    .expect(200);

function bySendgrid(events: unknown, at = SECONDS): Sent {
  const body = JSON.stringify(events);
  const signature = sign("sha256", Buffer.from(`${at}${body}`), sendgrid.privateKey);
  return {
    body,
    headers: {
      "x-twilio-email-event-webhook-signature": signature.toString("base64"),
      "x-twilio-email-event-webhook-timestamp": String(at),
    },
  };
}

function byMailgun(event: unknown, token = "t1", at = SECONDS, key = "mailgun-signing-key"): Sent {
  const signature = createHmac("sha256", key).update(`${at}${token}`).digest("hex");
  const signed = { timestamp: String(at), token, signature };
  return { body: JSON.stringify({ signature: signed, "event-data": event }) };
}

function bySns(message: unknown, changes: Record<string, string> = {}): Sent {
  const envelope: Record<string, string> = {
    Type: "Notification",
    MessageId: "n1",
    TopicArn: TOPIC,
    Message: JSON.stringify(message),
    Timestamp: new Date(NOW).toISOString(),
    SignatureVersion: "2",
    SigningCertURL: CERTIFICATE,
    ...changes,
  };
  const algorithm = envelope["SignatureVersion"] === "1" ? "sha1" : "sha256";
  const signed = Buffer.from(textToSign(envelope) ?? "");
  const signature = sign(algorithm, signed, sns.privateKey).toString("base64");
  return { body: JSON.stringify({ ...envelope, Signature: signature }) };
}

function byHmac(events: unknown, secret: string, at = SECONDS): Sent {
  const body = JSON.stringify(events);
  const signature = createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");
  return { body, headers: { "clicktrail-signature": `t=${at},v1=${signature}` } };
}

const basic = (password: string) =>
  `Basic ${Buffer.from(`clicktrail:${password}`).toString("base64")}`;

const sgDelivered = {
  event: "delivered",
  sg_event_id: "e1",
  email: "ana@example.com",
  timestamp: SECONDS - 60,
  clicktrail_message_id: "order-7",
};
const sesDelivered = {
  eventType: "Delivery",
  mail: { tags: { clicktrail_message_id: ["order-7"] } },
  delivery: { recipients: ["ana@example.com"], timestamp: new Date(NOW - 60_000).toISOString() },
};
const mgDelivered = {
  event: "delivered",
  id: "m1",
  timestamp: SECONDS - 60,
  recipient: "ana@example.com",
  "user-variables": { clicktrail_message_id: "order-7" },
};
const pmDelivered = {
  RecordType: "Delivery",
  MessageID: "p1",
  Recipient: "ana@example.com",
  DeliveredAt: new Date(NOW - 60_000).toISOString(),
  Metadata: { clicktrail_message_id: "order-7" },
};
const ownDelivered = {
  id: "g1",
  event: "delivered",
  message_id: "order-7",
  ts: new Date(NOW - 60_000).toISOString(),
};

const PASSWORD = "a-password-of-the-tests";
const postmark = (password: string): Sent => ({
  body: JSON.stringify(pmDelivered),
  headers: { authorization: basic(password) },
});

/** Each provider: its credential, a true request, a forged one, one that is too old. */
const providers = [
  ["sendgrid", sendgridKey, bySendgrid([sgDelivered]), bySendgrid([sgDelivered], SECONDS - 90_000)],
  ["ses", TOPIC, bySns(sesDelivered), bySns(sesDelivered, { Timestamp: "2026-01-01T00:00:00Z" })],
  ["mailgun", "mailgun-signing-key", byMailgun(mgDelivered), byMailgun(mgDelivered, "t", 1)],
  ["postmark", PASSWORD, postmark(PASSWORD), undefined],
  [
    "generic",
    PASSWORD,
    byHmac(ownDelivered, PASSWORD),
    byHmac(ownDelivered, PASSWORD, SECONDS - 400),
  ],
] as const;

describe.each(providers)("%s", (esp, credential, good, old) => {
  beforeEach(async () => {
    await setUp(esp, credential);
  });

  it("makes a delivery a fact of the mail it is about", async () => {
    const { body } = await post(esp, good).expect(200);
    expect(body).toEqual({ accepted: 1, ignored: 0, unmatched: 0, invalid: 0, waiting: 0 });
    expect(hook.events).toMatchObject([
      {
        source: "esp",
        source_id: `hook-${esp}`,
        type: "delivered",
        name: "email_delivered",
        occurred_at: NOW - 60_000,
        message_id: refs.message("order-7"),
        ...ORDER_7,
      },
    ]);
    expect(await hook.countsOf(esp)).toEqual({ delivered: 1 });
  });

  it("is kept, verified, while the database is away, and matched to nothing yet", async () => {
    hook.state.database = "away";
    const answer = await post(esp, good).expect(200);
    expect(answer.body).toMatchObject({ accepted: 0, unmatched: 0, waiting: 1 });
    expect(hook.events).toEqual([]);
    const [kept] = hook.rejected;
    expect(kept).toMatchObject({ reason: "report_waiting", sourceId: `hook-${esp}` });
    expect(JSON.parse(kept?.raw ?? "")).toMatchObject({
      event: "delivered",
      message_id: "order-7",
      messageId: expect.stringMatching(/./),
    });
  });

  it("is told to come again before the credentials are read", async () => {
    hook = await createHookApp(database.db);
    const answer = await post(esp, good).expect(503);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect(hook.rejected).toEqual([]);
  });

  it("gives a repetition the id of the first, which the log keeps once", async () => {
    await post(esp, good).expect(200);
    await post(esp, good).expect(200);
    expect(new Set(hook.events.map(({ event_id }) => event_id)).size).toBe(1);
  });

  it("refuses what was changed on the way, or not signed, and counts it", async () => {
    const changed =
      esp === "postmark"
        ? { ...good, headers: { authorization: basic("another password here") } }
        : esp === "mailgun"
          ? byMailgun(mgDelivered, "t1", SECONDS, "another-signing-key")
          : { ...good, body: good.body.replace("order-7", "order-8") };
    for (const forged of [changed, { body: good.body.replace(/[0-9a-f]{64}/, "0") }]) {
      if (esp === "ses" && forged !== changed) continue;
      const { body } = await post(esp, forged).expect(401);
      expect(body.code).toBe("invalid_signature");
    }
    expect(hook.events).toEqual([]);
    expect((await hook.countsOf(esp))?.["refused"]).toBeGreaterThan(0);
  });

  it("refuses a signature that is too old", async () => {
    if (!old) return;
    const { body } = await post(esp, old).expect(401);
    expect(body.message).toMatch(/too old/);
  });

  it("does not know another workspace's signature", async () => {
    await post(esp, good, "?workspace=2").expect(404);
    const other = { sendgrid: otherSendgridKey(), ses: `${TOPIC}-2` }[esp as string];
    await setUp(esp, other ?? "another-workspace-secret", 2);
    await post(esp, good, "?workspace=2").expect(401);
    expect(hook.events).toEqual([]);
  });

  it("keeps the credential sealed", async () => {
    const [row] = await database.db.all<{ sealed: string }>(sql`SELECT sealed FROM hooks`);
    expect(row?.sealed).not.toContain(credential);
    const { text } = await request(hook.app).get("/v1/hooks").expect(200);
    expect(text).not.toContain(credential === TOPIC ? "123456789012" : credential);
  });
});

function otherSendgridKey(): string {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  return publicKey.export({ type: "spki", format: "der" }).toString("base64");
}

describe("Amazon SNS", () => {
  beforeEach(() => setUp("ses", TOPIC));

  it("is verified by either version of its signature, with one look at the certificate", async () => {
    await post("ses", bySns(sesDelivered, { SignatureVersion: "1" })).expect(200);
    await post("ses", bySns(sesDelivered, { MessageId: "n2", Subject: "Mail" })).expect(200);
    expect(hook.events).toHaveLength(2);
    expect(hook.asked).toEqual([CERTIFICATE]);
  });

  it.each([
    "https://sns.eu-west-1.amazonaws.com.evil.example/c.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/c.pem",
    "http://sns.eu-west-1.amazonaws.com/c.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/c.pem",
    "https://user@sns.eu-west-1.amazonaws.com/c.pem",
    "https://s3.amazonaws.com/c.pem",
  ])("asks nothing of %s", async (address) => {
    await post("ses", bySns(sesDelivered, { SigningCertURL: address })).expect(401);
    expect(hook.asked).toEqual([]);
  });

  it("refuses a topic of somebody else before asking anything", async () => {
    const TopicArn = "arn:aws:sns:eu-west-1:999999999999:mails";
    await post("ses", bySns(sesDelivered, { TopicArn })).expect(401);
    expect(hook.asked).toEqual([]);
  });

  it("has the provider send again while the certificate cannot be had", async () => {
    const SigningCertURL = CERTIFICATE.replace("-1.pem", "-2.pem");
    const answer = await post("ses", bySns(sesDelivered, { SigningCertURL })).expect(503);
    expect(answer.body.code).toBe("provider_unreachable");
    expect(answer.get("Retry-After")).toBe("60");
  });

  it("confirms its own subscription, once verified", async () => {
    const SubscribeURL = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription";
    hook = await createHookApp(database.db, { [CERTIFICATE]: sns.pem, [SubscribeURL]: "<ok/>" });
    await setUp("ses", TOPIC);
    const confirm = { Type: "SubscriptionConfirmation", Token: "t", SubscribeURL };
    const { body } = bySns("Confirm", confirm);
    const forged = { body: body.replace("ConfirmSubscription", "Other") };
    await post("ses", forged).expect(401);
    expect(hook.asked).toEqual([CERTIFICATE]);
    await post("ses", { body }).expect(200);
    expect(hook.asked).toEqual([CERTIFICATE, SubscribeURL]);
    expect(hook.events).toEqual([]);
  });
});

describe("Mailgun, whose signature covers no body", () => {
  it("refuses a signature that comes again with another body", async () => {
    await setUp("mailgun", "mailgun-signing-key");
    await post("mailgun", byMailgun(mgDelivered)).expect(200);
    await post("mailgun", byMailgun({ ...mgDelivered, id: "m2" })).expect(401);
    expect(hook.events).toHaveLength(1);
  });
});

describe("any other service", () => {
  it("may use an API key in place of a signature", async () => {
    const headers = { authorization: "Bearer api-key" };
    const body = JSON.stringify([
      { event: "bounced", email: "bob@example.com", campaign: "spring", meta: { bounce: "hard" } },
      { event: "delivered", email: "stranger@example.com" },
      { event: "opened", email: "bob@example.com" },
      { event: "exploded" },
    ]);
    const answer = await post("generic", { body, headers }).expect(200);
    expect(answer.body).toEqual({ accepted: 1, ignored: 1, unmatched: 1, invalid: 1, waiting: 0 });
    expect(hook.events).toMatchObject([
      {
        type: "bounced",
        recipient_contact: refs.contact({ email: "bob@example.com" }),
        campaign_id: refs.campaign("spring"),
        properties: { bounce: "hard", campaign: "spring" },
      },
    ]);
    expect(hook.rejected.map(({ reason }) => reason)).toEqual(["unmatched_mail", "invalid_event"]);
    expect(await hook.countsOf("generic")).toEqual({
      bounced: 1,
      ignored: 1,
      invalid: 1,
      unmatched: 1,
    });
  });

  it("does not wait for a database that does not answer", async () => {
    hook.state.database = "frozen";
    const headers = { authorization: "Bearer api-key" };
    const body = JSON.stringify([
      { event: "bounced", email: "bob@example.com" },
      { event: "open" },
    ]);
    const answer = await post("generic", { body, headers }).expect(200);
    expect(answer.body).toMatchObject({ ignored: 1, waiting: 1 });
  }, 10_000);

  it("is refused with a key that nobody has", async () => {
    const headers = { authorization: "Bearer nobody" };
    await post("generic", { body: "{}", headers }).expect(401);
  });

  it("gets a secret made, shown once", async () => {
    const { body } = await setUp("generic");
    expect(body.secret).toMatch(/^\w{32}$/);
    await post("generic", byHmac(ownDelivered, body.secret)).expect(200);
    await request(hook.app).delete("/v1/hooks/generic").expect(204);
    await post("generic", byHmac(ownDelivered, body.secret)).expect(404);
  });
});

describe("settings", () => {
  it("says what a credential should look like", async () => {
    const answer = await request(hook.app).put("/v1/hooks/ses").send({ credential: "my-topic" });
    expect(answer.status).toBe(422);
    expect(answer.body.message).toMatch(/ARN/);
  });

  it("names the webhooks there are", async () => {
    const answer = await post("acme", { body: "{}" }).expect(404);
    expect(answer.body.message).toBe('There is no webhook "acme".');
  });
});
