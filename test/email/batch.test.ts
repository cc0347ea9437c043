import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEmailApp } from "../support/email-app.ts";

const html = `<a href="https://x.example/a">Go</a>${"<p>words</p>".repeat(800)}`;
const RECIPIENTS = 10_000;

interface Line {
  readonly index: number;
  readonly html?: string;
  readonly error?: { readonly code: string; readonly errors: readonly { pointer: string }[] };
}

const toLines = (ndjson: string): Line[] =>
  ndjson
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("a batch over HTTP", () => {
  const { app, facts } = createEmailApp({ bodyLimit: 1_000_000 });
  const server = createServer(app);
  beforeAll(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", done)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  function send(recipients: readonly unknown[], more: object = {}): Promise<IncomingMessage> {
    const { port } = server.address() as AddressInfo;
    const body = JSON.stringify({ html, campaign: "a", recipients, ...more });
    return new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json" };
      const req = httpRequest(
        { port, host: "127.0.0.1", method: "POST", path: "/v1/rewrite/batch", headers },
        resolve,
      );
      req.on("error", reject).end(body);
    });
  }

  const contacts = Array.from({ length: RECIPIENTS }, (_, i) => ({ contact: { id: `c${i}` } }));
  const sent = () => facts.filter(({ type }) => type === "sent").length;

  it("waits for a reader that does not read, then gives every line", {
    timeout: 60_000,
  }, async () => {
    const answer = await send(contacts);
    // 100 MB in all: only what fits into the buffers on the way can have been made.
    await new Promise((resolve) => answer.once("readable", resolve));
    const early = await settled(sent);
    expect(early).toBeLessThan(RECIPIENTS / 2);
    const lines = toLines(await text(answer));
    expect(lines.map(({ index }) => index)).toEqual(contacts.map((_, index) => index));
    expect(sent()).toBe(RECIPIENTS);
  });

  it("stops when the reader goes away", async () => {
    const before = sent();
    const answer = await send(contacts);
    await new Promise((resolve) => answer.once("readable", resolve));
    answer.destroy();
    expect(await settled(sent)).toBeLessThan(before + RECIPIENTS);
  });

  it("does the others when a recipient is wrong, and says what was", async () => {
    const before = sent();
    const answer = await send([
      { contact: { id: "good" } },
      { contact: { email: "no address" } },
      { contact: {} },
      "ann@x.example",
      { contact: { id: "c" }, mesage_id: "m" },
      { contact: { id: 7 } },
    ]);
    const lines = toLines(await text(answer));
    expect(lines.map(({ error }) => error?.errors.map(({ pointer }) => pointer))).toEqual([
      undefined,
      ["/contact/email"],
      ["/contact"],
      [""],
      ["/mesage_id"],
      undefined,
    ]);
    expect(lines[1]?.error?.code).toBe("invalid_recipient");
    expect(sent()).toBe(before + 2);
  });

  it.each([
    [[], "recipients"],
    [Array.from({ length: RECIPIENTS + 1 }, () => ({})), "recipients"],
  ])("is refused whole when there are none, or too many", async (recipients, pointer) => {
    const answer = await send(recipients);
    expect(answer.statusCode).toBe(422);
    expect(await text(answer)).toContain(pointer);
  });
});

describe("recipient tokens", () => {
  it("come for the others when a contact is wrong", async () => {
    const { app, facts } = createEmailApp();
    const contacts = [{ id: "a" }, { id: "" }, { email: "b@x.example" }];
    const { status, body } = await request(app).post("/v1/recipients").send({ contacts });
    expect(status).toBe(200);
    expect(body.recipients).toEqual([
      { id: "a", email: null, token: expect.any(String) },
      { index: 1, error: expect.objectContaining({ code: "invalid_recipient" }) },
      { id: null, email: "b@x.example", token: expect.any(String) },
    ]);
    expect(facts).toHaveLength(2);
  });
});

/** The value once it is the same in two looks in a row. */
async function settled(look: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = look();
    if (now === last) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
