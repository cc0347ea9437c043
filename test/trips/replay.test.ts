import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Db } from "../../src/db/db.ts";
import { sql } from "../../src/db/sql.ts";
import {
  createTestDatabase,
  openAgain,
  type TestDatabase,
  testEngines,
} from "../support/database.ts";
import {
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";

/** Each example is some dozens of requests to a real server. */
const EXAMPLES = 6;
const AT = "2026-01-05T10:00:00.000Z";

type Call = Record<string, unknown>;

/** Calls that are all different; half of them without an id, so that their content tells them apart. */
const callsArbitrary = fc
  .array(
    fc.record({ kind: fc.constantFrom("track", "page", "identify", "bad"), hasId: fc.boolean() }),
    {
      minLength: 3,
      maxLength: 12,
    },
  )
  .map((drawn) => drawn.map(({ kind, hasId }, n) => describeCall(kind, hasId, n)));

function describeCall(kind: string, hasId: boolean, n: number): Call {
  const common = {
    anonymousId: "v-1",
    timestamp: AT,
    ...(hasId ? { messageId: `m-${n}` } : {}),
  };
  if (kind === "track") {
    const properties = { order_id: `o-${n}`, total: 10 + n, currency: "EUR" };
    return { ...common, type: "track", event: "Order Completed", properties };
  }
  if (kind === "page")
    return { ...common, type: "page", properties: { n, nested: { b: 1, a: 2 } } };
  if (kind === "identify") return { ...common, type: "identify", userId: `u-${n}`, traits: { n } };
  return { ...common, type: "track", event: "", properties: { n } };
}

/** A route that the calls may come by, and in which of its forms. */
interface Route {
  readonly name: string;
  send(url: string, calls: readonly Call[]): Promise<Response[]>;
}

const basic = { authorization: `Basic ${Buffer.from(`${WRITE_KEY}:`).toString("base64")}` };

function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = basic,
): Promise<Response> {
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}

const one = (name: string, pathOf: (type: string) => string, headers = basic): Route => ({
  name,
  send: (url, calls) =>
    Promise.all(calls.map((call) => post(url + pathOf(String(call["type"])), call, headers))),
});

const ROUTES: readonly Route[] = [
  one("one by one", (type) => `/v1/${type}`),
  one("short", (type) => `/v1/${type.charAt(0)}`),
  one("short at the root", (type) => `/${type.charAt(0)}`),
  one("Jitsu's", (type) => `/api/s/${type}`),
  {
    name: "a batch",
    send: async (url, batch) => [await post(`${url}/v1/batch`, { batch, sentAt: AT })],
  },
  {
    name: "a list by a beacon",
    send: async (url, calls) => [
      await post(`${url}/beacon/v1/batch?writeKey=${WRITE_KEY}`, calls, {
        "content-type": "text/plain",
      }),
    ],
  },
  {
    name: "gzip without its header, key in the body",
    send: async (url, batch) => [
      await fetch(`${url}/v1/b`, {
        method: "POST",
        body: gzipSync(JSON.stringify({ batch, writeKey: WRITE_KEY })),
      }),
    ],
  },
  {
    name: "the import",
    send: async (url, batch) => [await post(`${url}/v1/import`, { batch })],
  },
];

/** Sends that follow the first whole one: some calls, in some order, over some route, perhaps at the same time. */
const replaysArbitrary = fc.array(
  fc.record({
    route: fc.constantFrom(...ROUTES),
    order: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
    share: fc.double({ min: 0.2, max: 1, noNaN: true }),
  }),
  { minLength: 1, maxLength: 6 },
);

describe.each(testEngines)("replaying what was sent, on %s", (engine) => {
  let database: TestDatabase;
  let service: RunningService;
  let db: Db;

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    service = await startService({
      env: {
        DATABASE_URL: engine === "postgres" ? database.location : `file:${database.location}`,
        SECRET: "a secret for every node",
      },
    });
    db = openAgain(database);
  });
  afterAll(async () => {
    await db.close();
    await disposeService(service);
    await database.dispose();
  });

  it("stores what one send stores: whole, in part, in any order, over every route", async () => {
    await fc.assert(
      fc.asyncProperty(
        callsArbitrary,
        fc.constantFrom(...ROUTES),
        replaysArbitrary,
        async (calls, first, replays) => {
          await forgetEverything();
          await send(first, calls);
          const once = await readStored();
          expect(once.events.length + once.refused.length).toBe(calls.length);
          await Promise.all(
            replays.map(({ route, order, share }) => send(route, pickSome(calls, order, share))),
          );
          expect(await readStored()).toEqual(once);
        },
      ),
      { numRuns: EXAMPLES },
    );
  });

  async function send(route: Route, calls: readonly Call[]): Promise<void> {
    for (const { status } of await route.send(service.url, calls))
      expect([200, 400]).toContain(status);
  }

  async function readStored() {
    await waitUntilSettled(service);
    // What counts: the ids, and what is told of each. When and how it came may differ.
    const events = await db.all(sql`
      SELECT event_id, type, name, user_id, anonymous_id, value_minor, currency
      FROM events
      WHERE workspace_id = 1 AND received_at > 0
      ORDER BY event_id`);
    const refused = await db.all<{ reason: string; raw: string }>(sql`
      SELECT reason, raw
      FROM failed_events
      WHERE workspace_id = 1`);
    const told = refused.map(({ reason, raw }) => [reason, JSON.parse(raw).properties.n]);
    return { events, refused: told.toSorted() };
  }

  async function forgetEverything(): Promise<void> {
    await waitUntilSettled(service);
    await db.run(sql`DELETE FROM failed_events`);
    await db.run(sql`DELETE FROM events`);
    if (engine === "postgres") await db.run(sql`DELETE FROM event_keys`);
  }
});

/** A share of the calls, at least one, in the order that the drawn numbers give. */
function pickSome(calls: readonly Call[], order: readonly number[], share: number): Call[] {
  const shuffled = calls
    .map((call, at) => ({ call, key: order[at] ?? 0 }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ call }) => call);
  return shuffled.slice(0, Math.max(1, Math.round(share * calls.length)));
}
