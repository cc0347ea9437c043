import request from "supertest";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import { createConversions } from "../../src/collect/conversions.ts";
import { createTrackingPlan } from "../../src/collect/tracking-plan.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { BASE_URL, createTestAccess, createTestApp, createTestPages, NOON } from "./fakes.ts";

/** Written from right to left it would turn the rest of its line round. */
const TURNED = "\u202Eeman";

describe("/tracking-plan", () => {
  let database: TestDatabase;
  let access: Access;
  let cookie: string;
  let csrf: string;
  let app: ReturnType<typeof createTestApp>;
  const audited: string[] = [];

  beforeAll(async () => {
    database = await createTestDatabase("sqlite");
    access = createTestAccess(database.db, { now: NOON });
    await access.start();
    const common = { db: database.db, now: () => NOON, onError: fail };
    const conversions = createConversions(common);
    app = createTestApp(access, {
      pages: createTestPages(access, {
        trackingPlan: createTrackingPlan(common),
        isConversion: conversions.isConversion,
        setConversion: ({ workspaceId }, name, isOn) => conversions.set(workspaceId, name, isOn),
        async auditPlan(_caller, action, name) {
          audited.push(`${action} ${name}`);
        },
        readEventUse: async () => [
          { event: "demo_booked", events: 30, violations: [{ check: "param_types", failed: 10 }] },
          { event: TURNED, events: 2, violations: [{ check: "known_event", failed: 2 }] },
          { event: "הזמנה", events: 1, violations: [] },
          { event: "purchase", events: 1, violations: [] },
          { event: "identify", events: 9, violations: [] },
        ],
      }),
    });
    const answer = await request(app).get(await access.createSignInPath());
    cookie = String(answer.headers["set-cookie"]);
    const { text } = await get("/tracking-plan/event");
    [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(text) ?? [];
  });
  beforeEach(() => {
    audited.length = 0;
  });
  afterAll(async () => {
    access.stop();
    await database.dispose();
  });

  function fail(error: unknown): never {
    throw error;
  }

  const get = (path: string) => request(app).get(path).set("Cookie", cookie);
  const post = (path: string, fields: Record<string, string | string[]>, token = csrf) =>
    request(app)
      .post(path)
      .set("Cookie", cookie)
      .set("Origin", BASE_URL)
      .type("form")
      .send(new URLSearchParams(toPairs({ csrf: token, ...fields })).toString());

  function toPairs(fields: Record<string, string | string[]>): [string, string][] {
    return Object.entries(fields).flatMap(([name, values]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    );
  }

  const seats = { parameter: ["seats", ""], type: ["number", "string"], need: ["required", ""] };

  it("declares an event by a form, marks it, and shows what of it was violated", async () => {
    const fields = { name: "demo_booked", ...seats, conversion: "on" };
    await post("/tracking-plan/event", { ...fields, save: "1" }, "forged").expect(403);
    await post("/tracking-plan/event", { ...fields, save: "1" }).expect(303);
    expect(audited).toEqual(["put demo_booked"]);
    const { text } = await get("/tracking-plan").expect(200);
    expect(text).toMatch(/<bdi>demo_booked<\/bdi><\/a> <span class="pill">conversion/);
    expect(text).toContain("<bdi>seats</bdi></code> number <strong>required");
    expect(text).toContain('href="/quality?event&#x3D;demo_booked">param_types');
    const one = await get("/tracking-plan/event?name=demo_booked").expect(200);
    expect(one.text).toContain("A parameter is not of its type.");
    expect(one.text).toContain('value="seats"');
  });

  it("offers undeclared names, each in its own direction, and knows the standard ones", async () => {
    const { text } = await get("/tracking-plan").expect(200);
    expect(text).toContain(`<bdi>${TURNED}</bdi>`);
    expect(text).toContain('aria-label="Declare eman"');
    // A call without a name of its own is nothing to declare.
    expect(text).not.toContain("identify");
    expect(text).toContain('aria-label="Declare \u2068הזמנה\u2069"');
    expect(text).toContain(`name&#x3D;${encodeURIComponent(TURNED)}"`);
    const standard = await get("/tracking-plan/event?name=purchase").expect(200);
    for (const part of ["transaction_id", "Order Completed", "Unmark as conversion"]) {
      expect(standard.text).toContain(part);
    }
  });

  it("gives one row more without a script, and says what is wrong", async () => {
    const more = await post("/tracking-plan/event", { name: "x", ...seats, more: "parameter" });
    expect(more.text.match(/name="parameter"/g)).toHaveLength(2);
    expect(audited).toEqual([]);
    const twice = { parameter: ["a", "a"], type: ["string", "string"], need: ["", ""] };
    const wrong = await post("/tracking-plan/event", { name: "x", ...twice, save: "1" });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain("Each parameter is named once.");
    const spelled = await post("/tracking-plan/event", { name: "Demo Asked", save: "1" });
    expect(spelled.text).toContain("demo_asked");
    const known = await post("/tracking-plan/event", { name: "purchase", save: "1" });
    expect(known).toMatchObject({ status: 422, text: expect.stringContaining("standard event") });
    expect(audited).toEqual([]);
  });

  it("marks and unmarks a conversion, and takes an event out again", async () => {
    const mark = (name: string, conversion: string) =>
      post("/tracking-plan/conversion", { name, conversion }).expect(303);
    await mark("page_view", "on");
    await mark("purchase", "off");
    const { body } = await get("/tracking-plan.json").expect(200);
    expect(body.events).toMatchObject([{ name: "demo_booked", conversion: true }]);
    const page = await get("/tracking-plan/event?name=page_view");
    expect(page.text).toContain("Unmark as conversion");
    const sale = await get("/tracking-plan/event?name=purchase");
    expect(sale.text).toContain("Mark as conversion");
    const csv = await get("/tracking-plan.csv").expect(200);
    expect(csv.text).toBe(
      "event,parameter,type,required,conversion\r\ndemo_booked,seats,number,yes,yes\r\n",
    );
    await post("/tracking-plan/event/remove", { name: "demo_booked" }).expect(303);
    await post("/tracking-plan/event/remove", { name: "demo_booked" }).expect(404);
    expect(audited).toEqual(["remove demo_booked"]);
  });
});
