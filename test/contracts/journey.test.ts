import express, { type ErrorRequestHandler } from "express";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { setCaller } from "../../src/lib/caller.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createReportRoutes } from "../../src/reports/routes.ts";
import { testEngines } from "../support/database.ts";
import { createJourneyDriver, type JourneyDriver } from "../support/journey-driver.ts";
import { click, DAY, MINUTE, page, START, sent } from "../support/journey-facts.ts";

const showError: ErrorRequestHandler = (error, _req, res, _next) => {
  if (!(error instanceof AppError)) throw error;
  res.status(error.status).json({ code: error.code, hint: error.hint, errors: error.errors });
};

describe.each(testEngines)("contacts and journeys over HTTP on %s", (engine) => {
  let driver: JourneyDriver;
  let app: express.Express;

  beforeAll(async () => {
    driver = await createJourneyDriver(engine);
    const { db } = driver;
    app = express()
      .use(
        createReportRoutes({
          db,
          refsOf: driver.refsOf,
          now: () => START,
          isConversion: (workspaceId, name) => workspaceId === 1 && /purchase|click/.test(name),
          authorize: () => (req, res, next) => {
            setCaller(res, {
              workspaceId: Number(req.get("workspace") ?? 1),
              kind: "secret",
              id: "k",
              scopes: new Set(["read"]),
            });
            next();
          },
        }),
      )
      .use(showError);
    await driver.createReportTables();
    await db.run(sql`INSERT INTO campaigns VALUES (1, 'spring-ref', 'Spring sale')`);
    await db.run(sql`
      INSERT INTO links VALUES
        (1, 'spring-ref', '2', 2, NULL, 'See prices', 'https://shop.test/pricing')`);
    await feedJane();
  });
  afterAll(async () => {
    await driver.dispose();
  });

  /** Jane gets a mail, a scanner and she click on it, she looks at a page and buys. */
  async function feedJane(): Promise<void> {
    const refs = driver.refsOf(1);
    const jane = { id: "u/1", email: "jane@ex.test", traits: { plan: "pro" } };
    const mail = { campaign_id: "spring-ref", message_id: "m1" };
    const hit = { ...mail, link_id: "2", context: { method: "GET" } };
    await driver.feed(
      [
        sent("s1", refs, jane, START, mail),
        click("K0", refs.contact(jane), START + MINUTE, { ...hit, context: { method: "HEAD" } }),
        click("K1", refs.contact(jane), START + 2 * MINUTE, hit),
        page("e1", "V1", START + 2 * MINUTE + 500, { click_id: "K1" }),
        page("e2", "V1", START + 4 * MINUTE, {
          type: "track",
          name: "purchase",
          value_minor: 12_000,
          currency: "EUR",
          url: null,
          properties: { transaction_id: "T1" },
        }),
        sent("s2", refs, { email: "bob@ex.test" }, START - DAY),
      ],
      {
        verdictOf: ({ event_id, type }) =>
          type === "sent" ? null : event_id === "K0" ? "machine" : "human",
      },
    );
    await driver.db.run(sql`
      UPDATE verdicts
      SET reasons = '[{"signal":"head_request","weight":60,"detail":"HEAD"}]'
      WHERE verdict = 'machine'`);
  }

  const journey = (id: string, query = "") =>
    request(app).get(`/v1/contacts/${encodeURIComponent(id)}/journey${query}`);

  it("lists contacts, last active first, page by page", async () => {
    const first = await request(app).get("/v1/contacts?limit=1").expect(200);
    expect(first.body.contacts).toEqual([
      {
        id: driver.refsOf(1).contact({ id: "u/1" }),
        user_id: "u/1",
        email: "jane@ex.test",
        traits: { plan: "pro" },
        first_seen_at: "2026-01-05T10:00:00.000Z",
        last_active_at: "2026-01-05T10:04:00.000Z",
      },
    ]);
    const second = await request(app).get(`/v1/contacts?cursor=${first.body.next}`).expect(200);
    expect(second.body.contacts).toMatchObject([{ email: "bob@ex.test", user_id: null }]);
    expect(second.body.next).toBeNull();
  });

  it.each([
    ["JANE@", ["jane@ex.test"]],
    ["u/", ["jane@ex.test"]],
    ["bob", ["bob@ex.test"]],
    ["ane", []],
    ["%", []],
  ])("finds contacts whose email or user id begins with %s", async (q, emails) => {
    const { body } = await request(app).get("/v1/contacts").query({ q }).expect(200);
    expect(body.contacts.map(({ email }: { email: string }) => email)).toEqual(emails);
  });

  it("knows a contact by our id, the sender's id and the email", async () => {
    const { body } = await request(app).get("/v1/contacts/u%2F1").expect(200);
    expect(body).toMatchObject({ user_id: "u/1", email: "jane@ex.test" });
    for (const id of [body.id, "Jane%40ex.test"]) {
      await request(app).get(`/v1/contacts/${id}`).expect(200, body);
    }
  });

  it("tells the journey from mail to purchase, newest first", async () => {
    const { body } = await journey("u/1").expect(200);
    expect(body.next).toBeNull();
    expect(body.contact).toMatchObject({ user_id: "u/1" });
    const [purchase, landing, clicked, scanned, mail] = body.entries;
    expect(body.entries).toHaveLength(5);
    expect(purchase).toEqual({
      why: {
        sentence:
          "Earlier, at 2026-01-05T10:02:00.500Z, this device came from a link that was made for this contact. So it is inferred, not said.",
        evidence: "click",
        confidence: "inferred",
        event_id: "e1",
        at: "2026-01-05T10:02:00.500Z",
      },
      id: "e2",
      at: "2026-01-05T10:04:00.000Z",
      received_at: "2026-01-05T10:04:00.000Z",
      source: "site",
      type: "track",
      name: "purchase",
      campaign: null,
      link: null,
      url: null,
      path: null,
      value_minor: 12_000,
      currency: "EUR",
      session_id: landing.session_id,
      click_id: null,
      verdict: "human",
      certainty: "high",
      reasons: [],
      repeat_of: null,
      counted: true,
      conversion: true,
      properties: { transaction_id: "T1" },
    });
    expect(landing).toMatchObject({ id: "e1", path: "/pricing", click_id: "K1" });
    expect(landing.session_id).toMatch(/^\d+$/);
    expect(clicked).toMatchObject({
      id: "K1",
      campaign: { id: "spring-ref", name: "Spring sale" },
      link: { id: "2", index: 2, name: "See prices", url: "https://shop.test/pricing" },
      session_id: null,
      repeat_of: null,
      counted: true,
    });
    expect(scanned).toMatchObject({
      id: "K0",
      verdict: "machine",
      reasons: ["head_request"],
      counted: false,
      conversion: false,
    });
    expect(mail).toMatchObject({ id: "s1", verdict: null, certainty: null, link: null });
  });

  it("pages through a journey without gap or repetition", async () => {
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = `?limit=2${cursor ? `&cursor=${cursor}` : ""}`;
      const { body } = await journey("u/1", query).expect(200);
      seen.push(...body.entries.map(({ id }: { id: string }) => id));
      cursor = body.next;
    }
    expect(seen).toEqual(["e2", "e1", "K1", "K0", "s1"]);
  });

  it.each([
    ["human", ["e2", "e1", "K1"]],
    ["machine", ["K0"]],
    ["human,machine", ["e2", "e1", "K1", "K0"]],
  ])("filters by the verdict %s", async (verdict, ids) => {
    const { body } = await journey("u/1", `?verdict=${verdict}`).expect(200);
    expect(body.entries.map(({ id }: { id: string }) => id)).toEqual(ids);
  });

  it.each([
    ["limit=0", "/limit"],
    ["limit=201", "/limit"],
    ["limit=ten", "/limit"],
    ["verdict=robot", "/verdict/0"],
    ["cursor=nonsense", "/cursor"],
    ["cursor=..", "/cursor"],
    ["limt=5", "/limt"],
  ])("refuses ?%s with the pointer of what is wrong", async (query, pointer) => {
    const { body } = await journey("u/1", `?${query}`).expect(422);
    expect(body).toMatchObject({ code: "invalid_query", errors: [{ pointer }] });
  });

  it("answers 404 for an unknown contact, and the same for another workspace's", async () => {
    const unknown = await request(app).get("/v1/contacts/nobody").expect(404);
    const foreign = await request(app).get("/v1/contacts/u%2F1").set("workspace", "2").expect(404);
    expect(foreign.body).toEqual(unknown.body);
    expect(unknown.body).toMatchObject({ code: "not_found" });
    await journey("u/1").set("workspace", "2").expect(404);
    await request(app).get("/v1/contacts/%00").expect(404);
  });
});
