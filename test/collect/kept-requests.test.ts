import fc from "fast-check";
import request from "supertest";
import { describe, expect, it } from "vitest";
import {
  createRequestReader,
  type KeptRequest,
  writeKeptRequest,
} from "../../src/collect/kept-requests.ts";
import type { EventRow } from "../../src/log/event.ts";
import { joinedText } from "../support/joined.ts";
import { createCollectApp } from "./app.ts";

const track = { type: "track", event: "Signed Up", anonymousId: "v-1", messageId: "m-1" };

/** Calls as clients send them, good and bad. */
const call = fc.record(
  {
    type: fc.constantFrom("track", "page", "identify", "group", "alias", "nonsense"),
    event: fc.constantFrom("Order Completed", "Demo Requested", "", 7),
    messageId: fc.option(fc.string({ minLength: 1, maxLength: 120, unit: "binary" })),
    userId: fc.option(fc.oneof(fc.string({ unit: "binary" }), fc.integer())),
    anonymousId: fc.constantFrom("v-1", "v-2", null),
    timestamp: fc.constantFrom("2026-01-05T09:59:58Z", "yesterday", undefined),
    properties: fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 3 })),
    context: fc.record({ page: fc.record({ url: fc.webUrl() }), locale: fc.string() }),
  },
  { requiredKeys: ["type"] },
);

async function collect(body: object, mayKeepRequests: boolean, headers = {}) {
  const collected = createCollectApp({ mayKeepRequests: () => mayKeepRequests });
  const answer = await request(collected.app)
    .post("/v1/batch")
    .auth("site-key", "")
    .set(headers)
    .send(body);
  // At the door all of a request's come together.
  const rejected = collected.rejected.toSorted((a, b) => (a.raw < b.raw ? -1 : 1));
  return { answer: answer.body, events: collected.events, rejected };
}

/** What the journal is given of a request. */
async function journalOf(key: string, body: object): Promise<{ json: string; events: EventRow[] }> {
  let json = "";
  const { app, events } = createCollectApp({
    recordRequest: async (given) => {
      json = joinedText(given);
      events.push(...readBack(json));
    },
  });
  await request(app).post("/v1/batch").auth(key, "").send(body).expect(200);
  return { json, events };
}

function writeKept(kept: KeptRequest, body: unknown): string {
  return joinedText(writeKeptRequest(kept, Buffer.from(JSON.stringify(body))));
}

function readBack(json: string, read = createRequestReader("jt")): EventRow[] {
  return JSON.parse(read(Buffer.from(`[${json}]`)).toString("utf8"));
}

describe("a request kept as it came", () => {
  it("gives the same answer and the same events as one that is read at the door", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), async (batch) => {
        const body = { batch, sentAt: "2026-01-05T10:00:00Z", context: { timezone: "UTC" } };
        const headers = { origin: "https://shop.test", "idempotency-key": "k" };
        const [kept, atDoor] = await Promise.all(
          [true, false].map((mayKeep) => collect(structuredClone(body), mayKeep, headers)),
        );
        expect(kept).toEqual(atDoor);
      }),
      { numRuns: 60 },
    );
  });

  it("never holds a full address, nor a secret key", async () => {
    const context = { ip: "203.0.113.77" };
    const { json, events } = await journalOf("secret-key", {
      batch: [{ ...track, context }],
      writeKey: "secret-key",
    });
    expect(json).not.toContain("203.0.113.77");
    expect(json).not.toContain("secret-key");
    expect(events[0]?.context["ip"]).toBe("203.0.113.0");
  });

  it("never holds a secret key that the body names", async () => {
    const { json, events } = await journalOf("secret-key", {
      batch: [track],
      writeKey: "secret-key",
    });
    expect(json).not.toContain("secret-key");
    expect(events.map(({ event_id }) => event_id)).toEqual(["m-1"]);
  });

  it.each([
    ["alone", {}],
    ["beside one that is refused", { type: "nonsense" }],
  ])("carries what the plan says of its events, %s", async (_case, second) => {
    const planned = [{ name: "plan", type: "string", required: true } as const];
    const findPlanned = (_workspaceId: number, name: string) =>
      name === "demo_requested" ? planned : null;
    let json = "";
    const { app } = createCollectApp({
      findPlanned,
      recordRequest: async (given) => {
        json = joinedText(given);
      },
    });
    const batch = [
      { ...track, event: "Demo Requested" },
      { ...track, ...second },
    ];
    await request(app).post("/v1/batch").auth("site-key", "").send({ batch }).expect(200);
    expect(JSON.parse(json).kept_request.planned).toEqual({ demo_requested: planned });
  });

  it("never holds the address that a browser says it has", async () => {
    const context = { ip: "203.0.113.77", locale: "en" };
    const { json, events } = await journalOf("site-key", { batch: [track], context });
    expect(json).not.toContain("203.0.113.77");
    expect(events[0]?.context["locale"]).toBe("en");
  });

  it("holds what was refused only among the failed events", async () => {
    const { answer, events, rejected } = await collect({ batch: ["bad", track] }, true);
    expect(answer).toMatchObject({ accepted: 1, rejected: [{ index: 0, code: "invalid_event" }] });
    expect(events.map(({ event_id }) => event_id)).toEqual(["m-1"]);
    expect(rejected).toHaveLength(1);
  });
});

describe("the reader of kept requests", () => {
  const origin = {
    caller: { workspaceId: 1, kind: "site", id: "site_1" },
    receivedAt: 1_767_607_200_000,
    imported: false,
    sender: {},
  } as const;
  const kept = { origin, type: null, refused: [], planned: {} };

  it("leaves facts as they are, between requests", () => {
    const fact = '{"event_id":"c-1","context":{"kept_request":1}}';
    const json = `${fact},${writeKept(kept, track)}`;
    expect(readBack(json).map(({ event_id }) => event_id)).toEqual(["c-1", "m-1"]);
  });

  it("scores an event by the plan of the time at which it came", () => {
    const planned = { demo_requested: [{ name: "plan", type: "string", required: true } as const] };
    const [event] = readBack(
      writeKept({ ...kept, planned }, { ...track, event: "demo_requested" }),
    );
    expect(event?.quality_failed).toContain("required_params");
    expect(event?.quality_failed).not.toContain("known_event");
  });

  it("knows doubles from one slice to the next", () => {
    const read = createRequestReader("jt");
    const [first, second] = ["m-1", "m-2"].map(
      (messageId) => readBack(writeKept(kept, { ...track, messageId }), read)[0],
    );
    expect(first?.quality_failed).not.toContain("not_duplicate");
    expect(second?.quality_failed).toContain("not_duplicate");
  });

  it("keeps events that came under the id of another, each of them, and replays none twice", () => {
    const read = createRequestReader("jt");
    const names = ["Signed Up", "Plan Chosen", "Trial Ended", "Signed Up", "Plan Chosen"];
    const facts = names.map((event) => readBack(writeKept(kept, { ...track, event }), read)[0]);
    expect(facts.map((fact) => fact && ("reason" in fact ? fact.reason : fact.name))).toEqual([
      "sign_up",
      "message_id_reused",
      "message_id_reused",
      "sign_up",
      "message_id_reused",
    ]);
    const ids = facts.flatMap((fact) => (fact && "failed_id" in fact ? [fact.failed_id] : []));
    expect(new Set(ids).size).toBe(2);
  });

  it.each([
    ["an event it does not take any more", { batch: [{ type: "track" }] }, "missing_event_name"],
    ["a body it can't take apart", 7, "Expected one event or a batch of them."],
  ])("keeps %s among the failed ones", (_case, body, reason) => {
    expect(readBack(writeKept(kept, body))).toMatchObject([
      { reason, workspace_id: 1, source_id: "site_1" },
    ]);
  });
});
