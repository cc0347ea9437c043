import { once } from "node:events";
import http from "node:http";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { AppError } from "../../src/lib/errors.ts";
import { type CollectApp, createCollectApp, NOW } from "./app.ts";

const track = {
  type: "track",
  event: "Order Completed",
  messageId: "m-1",
  anonymousId: "v-1",
  userId: "u-1",
  timestamp: "2026-01-05T09:59:58.000Z",
  properties: { order_id: "o-1", total: "12.50", currency: "eur" },
};

describe("authentication", () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  it.each([
    ["Basic with the colon", { authorization: basic("site-key:") }],
    ["Basic without it", { authorization: basic("site-key") }],
    ["Bearer", { authorization: "Bearer site-key" }],
    ["X-Write-Key as id:secret", { "x-write-key": "abc:site-key" }],
  ])("takes %s", async (_form, headers) => {
    const { app, events } = createCollectApp();
    const answer = await request(app).post("/v1/track").set(headers).send(track);
    expect(answer.status).toBe(200);
    expect(events).toHaveLength(1);
  });

  it("takes the key in the body, past a masked one in no header", async () => {
    const { app } = createCollectApp();
    const answer = await request(app)
      .post("/v1/track")
      .send({ ...track, writeKey: "site-key" });
    expect(answer.body).toEqual({ success: true, accepted: 1, rejected: [] });
  });

  it("takes the key in the query", async () => {
    const { app } = createCollectApp();
    const answer = await request(app).post("/beacon/v1/batch?writeKey=site-key").send([track]);
    expect(answer.status).toBe(200);
  });

  it.each([{}, { authorization: "Bearer nobody" }])("refuses %j with 401", async (headers) => {
    const { app, events } = createCollectApp();
    const answer = await request(app)
      .post("/v1/batch")
      .set(headers)
      .send({ batch: [track] });
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe("unauthorized");
    expect(events).toEqual([]);
  });

  it("refuses a key that may only read with 403", async () => {
    const { app } = createCollectApp();
    const answer = await request(app).post("/v1/t").auth("read-key", "").send(track);
    expect(answer.status).toBe(403);
  });
});

describe("routes", () => {
  it.each([
    ["/v1/track", "track"],
    ["/v1/t/", "track"],
    ["/t", "track"],
    ["/v1/identify", "identify"],
    ["/v1/i", "identify"],
    ["/v1/page", "page"],
    ["/v1/p", "page"],
    ["/v1/screen", "screen"],
    ["/v1/s", "screen"],
    ["/api/s/page", "page"],
    ["/api/s/s2s/track", "track"],
  ])("%s takes one %s call without a type", async (path, type) => {
    const { app, events } = createCollectApp();
    const { type: _type, ...body } = track;
    const answer = await request(app).post(path).auth("site-key", "").send(body);
    expect(answer.status).toBe(200);
    expect(events.map((event) => event.type)).toEqual([type]);
  });

  it.each(["/v1/batch", "/v1/b", "/b", "/v1/import/", "/api/s/batch"])(
    "%s takes a batch",
    async (path) => {
      const { app, events } = createCollectApp();
      const answer = await request(app)
        .post(path)
        .auth("site-key", "")
        .send({ batch: [track] });
      expect(answer.body).toEqual({ success: true, accepted: 1, rejected: [] });
      expect(events).toHaveLength(1);
    },
  );

  it("answers an unknown vendor call with 404", async () => {
    const { app } = createCollectApp();
    expect((await request(app).post("/api/s/nothing").auth("site-key", "").send({})).status).toBe(
      404,
    );
  });

  it("answers a preflight and echoes the origin", async () => {
    const { app } = createCollectApp();
    const answer = await request(app).options("/v1/p").set("Origin", "https://shop.test");
    expect(answer.status).toBe(204);
    expect(answer.headers["access-control-allow-origin"]).toBe("https://shop.test");
    expect(answer.headers["access-control-allow-headers"]).toContain("anonymousid");
    expect(answer.headers["vary"]).toContain("Origin");
  });

  it("lets a preflight have the headers it asks for, as RudderStack's SentAt", async () => {
    const { app } = createCollectApp();
    const ask = (names: string) =>
      request(app)
        .options("/v1/p")
        .set("Origin", "https://shop.test")
        .set("Access-Control-Request-Headers", names);
    const answer = await ask("anonymousid,authorization,content-type,sentat,rsa-retry-attempt");
    expect(answer.headers["access-control-allow-headers"]).toContain("rsa-retry-attempt");
    const odd = await ask("sentat; x");
    expect(odd.headers["access-control-allow-headers"]).not.toContain(";");
  });

  it("takes a pixel and answers a GIF that is never cached", async () => {
    const { app, events } = createCollectApp();
    const answer = await request(app)
      .get("/pixel/v1/track")
      .query({ writeKey: "site-key", anonymousId: "v-1", event: "Newsletter Read" })
      .query({ "properties.plan": "pro", context: '{"locale":"de"}' })
      .set("Referer", "https://shop.test/news?jt=abc");
    expect(answer.headers["content-type"]).toBe("image/gif");
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(events[0]).toMatchObject({
      name: "newsletter_read",
      event_id: "id1",
      anonymous_id: "v-1",
      click_id: "abc",
      url: "https://shop.test/news",
      properties: { plan: "pro" },
      context: { locale: "de", event_name: "Newsletter Read" },
    });
  });
});

describe("bodies", () => {
  const json = Buffer.from(JSON.stringify({ batch: [track], sentAt: "2026-01-05T10:00:00.000Z" }));
  it.each([
    ["text/plain, as beacons", "text/plain", undefined, json],
    ["RudderStack's gzip as a form", "application/x-www-form-urlencoded", "gzip", gzipSync(json)],
    ["gzip without its header", "text/plain", undefined, gzipSync(json)],
    ["zlib without its header", "text/plain", undefined, deflateSync(json)],
    ["Brotli without its header", "text/plain", undefined, brotliCompressSync(json)],
    ["Brotli", "application/json", "br", brotliCompressSync(json)],
    [
      "bare deflate, as some clients understand the word",
      "text/plain",
      "deflate",
      deflateRawSync(json),
    ],
    ["gzip that a proxy has inflated and left its header", "text/plain", "gzip", json],
    ["gzip twice", "text/plain", "gzip, gzip", gzipSync(gzipSync(json))],
    ["a byte order mark", "text/plain", undefined, Buffer.from(`\uFEFF${json.toString()}`)],
  ])("reads %s", async (_case, contentType, encoding, body) => {
    const { app, events } = createCollectApp();
    const answer = await request(app)
      .post("/v1/batch")
      .auth("site-key", "")
      .set("Content-Type", contentType)
      .set(encoding ? { "Content-Encoding": encoding } : {})
      .serialize((bytes: unknown) => bytes as string)
      .send(body);
    expect(answer.status).toBe(200);
    expect(events).toHaveLength(1);
  });

  it.each([
    ["gzip", gzipSync(json).subarray(0, 40)],
    ["br", Buffer.from("no Brotli")],
    ["deflate", Buffer.from("no deflate")],
  ])("refuses damaged %s with 400", async (encoding, body) => {
    const { app } = createCollectApp();
    const answer = await request(app)
      .post("/v1/batch")
      .auth("site-key", "")
      .set({ "Content-Type": "text/plain", "Content-Encoding": encoding })
      .serialize((bytes: unknown) => bytes as string)
      .send(body);
    expect([answer.status, answer.body.code]).toEqual([400, "invalid_body"]);
  });

  it("refuses an unknown encoding with 415", async () => {
    const { app } = createCollectApp();
    const answer = await request(app)
      .post("/v1/batch")
      .auth("site-key", "")
      .set("Content-Encoding", "zstd")
      .send({ batch: [track] });
    expect(answer.status).toBe(415);
  });

  it("takes a batch of 600 kB, which body-parser's default would drop for good", async () => {
    const { app, events } = createCollectApp();
    const big = { ...track, properties: { text: "x".repeat(30_000) } };
    const batch = Array.from({ length: 20 }, (_, i) => ({ ...big, messageId: `m-${i}` }));
    const answer = await request(app).post("/v1/batch").auth("site-key", "").send({ batch });
    expect(answer.body.accepted).toBe(20);
    expect(events).toHaveLength(20);
  });

  it("refuses a gzip bomb with 413", async () => {
    const { app } = createCollectApp();
    const answer = await request(app)
      .post("/v1/batch")
      .auth("site-key", "")
      .set("Content-Type", "text/plain")
      .serialize((bytes: unknown) => bytes as string)
      .send(gzipSync(Buffer.alloc(20_000_000, 32)));
    expect(answer.status).toBe(413);
  });

  it("refuses 1,001 events with 413 and keeps the body", async () => {
    const { app, rejected } = createCollectApp();
    const batch = Array.from({ length: 1001 }, () => 1);
    const answer = await request(app).post("/v1/batch").auth("site-key", "").send({ batch });
    expect(answer.status).toBe(413);
    expect(rejected).toMatchObject([{ reason: "body_too_large", sourceId: "site_1" }]);
  });

  it("refuses what JavaScript cannot hold, and keeps it apart from the rest of the batch", async () => {
    const { app, events, rejected } = createCollectApp();
    const good = JSON.stringify(track);
    const answer = await request(app)
      .post("/v1/batch")
      .auth("site-key", "")
      .type("json")
      .send(
        `[${good},${good.replace('"12.50"', "1e400")},${good.replace("u-1", "u".repeat(600))},
          ${good.replace("2026-01-05T", "2026-02-30T")}]`,
      );
    expect(answer.body).toMatchObject({
      accepted: 1,
      rejected: [
        { index: 1, code: "number_too_large" },
        { index: 2, code: "id_too_long" },
        { index: 3, code: "invalid_timestamp" },
      ],
    });
    expect(events).toHaveLength(1);
    // Not as if no number had been given.
    expect(rejected[0]?.raw).toContain('"total":"Infinity"');
  });

  it("keeps what is no JSON with its reason", async () => {
    const { app, rejected } = createCollectApp();
    const answer = await request(app)
      .post("/v1/batch?writeKey=site-key")
      .type("text/plain")
      .send('{"batch":[');
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe("invalid_json");
    expect(rejected).toEqual([
      {
        workspaceId: 1,
        sourceId: "site_1",
        source: "site",
        refusesJoin: false,
        reason: "invalid_json",
        raw: '{"batch":[',
        receivedAt: NOW,
      },
    ]);
  });
});

describe("verdicts", () => {
  it("stores the good events of a batch and names the bad ones", async () => {
    const { app, events, rejected } = createCollectApp();
    const body = `{"batch":[${[
      JSON.stringify(track),
      '{"type":"track","userId":"u"}',
      '{"type":"page"}',
      '{"userId":"u"}',
      '{"type":"shout","userId":"u"}',
      '{"type":"track","event":"x","userId":"u","properties":{"__proto__":{"a":1}}}',
      '{"type":"track","event":"x","userId":"u","timestamp":"soon"}',
      "7",
      `{"type":"track","event":"x","userId":"u","properties":{"t":"${"x".repeat(33_000)}"}}`,
      `{"type":"track","event":"x","userId":"u","properties":${"[".repeat(8)}${"]".repeat(8)}}`,
      `{"type":"track","event":"${"n".repeat(129)}","userId":"u"}`,
    ].join(",")}]}`;
    const answer = await request(app)
      .post("/v1/batch")
      .auth("site-key", "")
      .type("text/plain")
      .send(body);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      success: true,
      accepted: 1,
      rejected: [
        { index: 1, code: "missing_event_name" },
        { index: 2, code: "no_identity" },
        { index: 3, code: "missing_type" },
        { index: 4, code: "unknown_type" },
        { index: 5, code: "forbidden_key" },
        { index: 6, code: "invalid_timestamp" },
        { index: 7, code: "invalid_event" },
        { index: 8, code: "too_large_event" },
        { index: 9, code: "too_deep" },
        { index: 10, code: "name_too_long" },
      ],
    });
    expect(events).toHaveLength(1);
    expect(rejected).toHaveLength(10);
    expect(rejected[0]).toMatchObject({ reason: "missing_event_name", raw: expect.any(String) });
  });

  it("answers a single bad event with 400 and where it is wrong", async () => {
    const { app, rejected } = createCollectApp();
    const answer = await request(app).post("/v1/track").auth("site-key", "").send({ userId: "u" });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      code: "missing_event_name",
      errors: [{ pointer: "/event" }],
    });
    expect(rejected).toHaveLength(1);
  });

  it("passes a full journal on as 429 with Retry-After", async () => {
    const { app } = createCollectApp({
      recordRequest: () =>
        Promise.reject(new AppError("journal_full", 429, "Later, please.", { retryAfterS: 3 })),
    });
    const answer = await request(app)
      .post("/v1/track")
      .auth("site-key", "")
      .set("Origin", "https://shop.test")
      .send(track);
    expect(answer.status).toBe(429);
    expect(answer.headers["retry-after"]).toBe("3");
    expect(answer.headers["access-control-allow-origin"]).toBe("https://shop.test");
  });

  it("tells a sender of a full journal before it has sent its events", async () => {
    const { app, rejected } = createCollectApp({
      checkRoom() {
        throw new AppError("journal_full", 429, "Later, please.", { retryAfterS: 3 });
      },
    });
    const server = http.createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = Object(server.address());
    const client = http.request({
      port,
      host: "127.0.0.1",
      method: "POST",
      path: "/v1/batch",
      headers: { "Content-Length": 1_000_000, "Content-Type": "application/json" },
    });
    client.write('{"batch":[');
    const [answer] = await once(client, "response");
    expect(answer.statusCode).toBe(429);
    expect(answer.headers["retry-after"]).toBe("3");
    expect(rejected).toEqual([]);
    client.on("error", () => {});
    client.destroy();
    server.close();
  });
});

describe("facts", () => {
  async function collect(body: object, headers: Record<string, string> = {}, key = "site-key") {
    const { app, events } = createCollectApp();
    await request(app).post("/v1/batch").auth(key, "").set(headers).send(body).expect(200);
    const [event] = events;
    if (!event) throw new Error("No event was recorded.");
    return event;
  }

  it("keeps an order with its money, its names and its four times", async () => {
    const event = await collect({ batch: [track], sentAt: "2026-01-05T10:59:59.000Z" });
    expect(event).toMatchObject({
      workspace_id: 1,
      source_id: "site_1",
      event_id: "m-1",
      source: "site",
      type: "track",
      name: "purchase",
      // The sender's clock is 59:59 ahead; it happened 1 h and 1 s before it was sent.
      occurred_at: NOW - 3_601_000,
      received_at: NOW,
      sent_at: Date.parse("2026-01-05T10:59:59.000Z"),
      anonymous_id: "v-1",
      user_id: "u-1",
      value_minor: 1250,
      currency: "EUR",
      context: {
        original_at: Date.parse("2026-01-05T09:59:58.000Z"),
        event_name: "Order Completed",
        ip: "192.0.2.0",
        tls: 1,
      },
    });
  });

  it("takes the click from the landing URL and leaves no trace of it in any text", async () => {
    const page = {
      url: "https://shop.test/?a=1&jt=Click1#top",
      search: "?a=1&jt=Click1",
      referrer: "https://shop.test/?jt=Old&b=2",
      path: "/",
    };
    const event = await collect({
      batch: [{ ...track, context: { page }, properties: { url: page.url, list: [page.search] } }],
    });
    expect(event.click_id).toBe("Click1");
    expect(event.url).toBe("https://shop.test/?a=1#top");
    expect(event.context["page"]).toEqual({
      url: "https://shop.test/?a=1#top",
      search: "?a=1",
      referrer: "https://shop.test/?b=2",
      path: "/",
    });
    expect(JSON.stringify(event)).not.toContain("jt=");
  });

  it("takes the user agent of a browser's request, and of no other", async () => {
    const headers = { "User-Agent": "Browser/1", "Accept-Language": "de" };
    const browser = await collect({ batch: [track] }, { ...headers, Origin: "https://shop.test" });
    expect(browser.context).toMatchObject({
      userAgent: "Browser/1",
      headers: { "accept-language": "de" },
    });
    const other = await collect({ batch: [track] }, headers);
    expect(other.context).not.toHaveProperty("userAgent");
    expect(other.context).not.toHaveProperty("headers");
  });

  it("prefers the client's own user agent, and merges the batch's context", async () => {
    const event = await collect(
      {
        batch: [{ ...track, context: { locale: "de" } }],
        context: { userAgent: "Phone/1", locale: "en", traits: { email: "a@b.test" } },
      },
      { Origin: "https://shop.test", "User-Agent": "Browser/1" },
    );
    expect(event.context).toMatchObject({ userAgent: "Phone/1", locale: "de" });
    expect(event.context).not.toHaveProperty("traits");
    expect(event.email_claim).toBe("a@b.test");
  });

  it("believes a server about its visitor's address, and keeps imported times", async () => {
    const { app, events } = createCollectApp();
    const old = { ...track, timestamp: "2019-05-01", context: { ip: "198.51.100.9" } };
    await request(app)
      .post("/v1/import")
      .auth("secret-key", "")
      .send({ batch: [old], sentAt: "2026-01-04T10:00:00Z" })
      .expect(200);
    expect(events[0]).toMatchObject({
      source: "server",
      source_id: "key_1",
      occurred_at: Date.parse("2019-05-01T00:00:00Z"),
      context: { ip: "198.51.100.0", imported: 1 },
    });
  });

  it("keeps traits of an identify call, and claims its address", async () => {
    const traits = { email: "Jane@ex.test", plan: "pro" };
    const event = await collect({ batch: [{ type: "identify", userId: 12, traits }] });
    expect(event).toMatchObject({
      type: "identify",
      name: "identify",
      user_id: "12",
      email_claim: "Jane@ex.test",
      properties: { traits },
    });
  });

  it("finds the traits of an identify call in its context, where RudderStack's browser client has them", async () => {
    const traits = { email: "jane@ex.test", plan: "free" };
    const event = await collect({
      batch: [{ type: "identify", userId: "u", context: { traits }, traits: { plan: "pro" } }],
    });
    expect(event.properties).toEqual({ traits: { email: "jane@ex.test", plan: "pro" } });
  });

  it("names a page call page_view and keeps its own name", async () => {
    const event = await collect({ batch: [{ type: "page", anonymousId: "v", name: "Home" }] });
    expect(event).toMatchObject({ type: "page", name: "page_view", properties: { name: "Home" } });
  });

  it("stores no NUL and no lone surrogate", async () => {
    const event = await collect({
      batch: [{ ...track, userId: "u\0", properties: { "k\ud800": "a\0b" } }],
    });
    expect(event.user_id).toBe("u\uFFFD");
    expect(event.properties).toEqual({ "k\uFFFD": "a\uFFFDb" });
  });

  it("gives an event without id the same one again, and another event another", async () => {
    const { messageId: _id, ...bare } = track;
    const ids = await Promise.all([
      collect({ batch: [bare] }),
      collect({
        batch: [{ ...bare, properties: { currency: "eur", total: "12.50", order_id: "o-1" } }],
      }),
      collect({ batch: [{ ...bare, userId: "u-2" }] }),
    ]).then((events) => events.map((event) => event.event_id));
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
  });
});

describe("a click that the site's script could not judge", () => {
  const click = {
    type: "click",
    event: true,
    messageId: "m-1",
    anonymousId: "v-1",
    properties: '<body></body><a href="/x">X</a>',
    context: { page: { url: "https://shop.test/a", title: "A" } },
  };
  const send = (app: CollectApp["app"], key: string, batch: readonly object[]) =>
    request(app).post(`/v1/b?writeKey=${key}`).send({ batch });

  it("becomes the events that the site's triggers make of it, beside those it came with", async () => {
    const { app, events } = createCollectApp({
      judgeEarlyClick: ({ id }, { html, isAutomatic, page }) => [
        { event: "one", properties: { id, html, isAutomatic } },
        { event: "two", properties: { ...page } },
      ],
    });
    const answer = await send(app, "site-key", [click, track]);
    expect(answer.body).toEqual({ success: true, accepted: 3, rejected: [] });
    expect(events.map(({ type, event_id, name }) => [type, event_id, name])).toEqual([
      ["track", "m-1-0", "one"],
      ["track", "m-1-1", "two"],
      ["track", "m-1", "purchase"],
    ]);
    const [one, two] = events;
    expect(one?.properties).toEqual({ id: "site_1", html: click.properties, isAutomatic: true });
    expect(one?.url).toBe("https://shop.test/a");
    expect(two?.properties).toMatchObject({ title: "A", referrer: "" });
  });

  it("is nothing where no trigger fires", async () => {
    const { app, events, rejected } = createCollectApp({ judgeEarlyClick: () => [] });
    expect((await send(app, "site-key", [click])).body).toMatchObject({ accepted: 0 });
    expect([events, rejected]).toEqual([[], []]);
  });

  it.each([
    ["what holds no link", "site-key", 1, 1],
    ["the eleventh of a request", "site-key", 11, 1],
    ["one of a server", "secret-key", 1, 1],
  ])("is refused and kept: %s", async (_case, key, count, refused) => {
    const isLink = count > 1;
    const { app, rejected } = createCollectApp({
      judgeEarlyClick: () => (isLink ? [] : undefined),
    });
    const clicks = Array.from({ length: count }, () => click);
    await send(app, key, clicks);
    expect(rejected.map(({ reason }) => reason)).toEqual(Array(refused).fill("unknown_type"));
  });
});

describe("an Idempotency-Key", () => {
  const { messageId: _id, timestamp: _at, ...bare } = track;

  async function send(app: CollectApp["app"], key: string, batch: readonly object[]) {
    return request(app)
      .post("/v1/batch")
      .auth("site-key", "")
      .set("Idempotency-Key", key)
      .send({ batch });
  }

  it("makes a retry the same events, days later too, and equal events of one request two", async () => {
    let now = NOW;
    const { app, events } = createCollectApp({ now: () => now });
    await send(app, "k1", [bare, bare]);
    now += 3 * 86_400_000;
    await send(app, "k1", [bare, bare]);
    await send(app, "k2", [bare]);
    const ids = events.map((event) => event.event_id);
    expect(ids.slice(0, 2)).toEqual(ids.slice(2, 4));
    expect(new Set(ids).size).toBe(3);
  });

  it("refuses the key with another body for a day, and keeps nothing of it", async () => {
    let now = NOW;
    const { app, events } = createCollectApp({ now: () => now });
    await send(app, "k1", [bare]);
    const answer = await send(app, "k1", [{ ...bare, userId: "u-2" }]);
    expect(answer.status).toBe(422);
    expect(answer.body.code).toBe("key_reused");
    expect(events).toHaveLength(1);
    now += 86_400_001;
    expect((await send(app, "k1", [{ ...bare, userId: "u-2" }])).status).toBe(200);
  });

  it("refuses one of 256 characters", async () => {
    const { app } = createCollectApp();
    expect((await send(app, "k".repeat(256), [bare])).status).toBe(400);
  });
});
