import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import type { EventRow } from "../../src/log/event.ts";
import { testEngines } from "../support/database.ts";
import { createTrafficDriver, type TrafficDriver } from "../support/traffic-driver.ts";
import { fact } from "../support/traffic-facts.ts";
import { ORDINARY_CLICK } from "../support/traffic-hits.ts";

const HOUR = 3_600_000;
const MAIL = { message_id: "m1", campaign_id: "k1", recipient_contact: "c1" };

/** Eighty ways through the log take 5 s alone, and five times that beside all other tests on two slow cores. */
const BUSY_MS = 60_000;

describe.each(testEngines)("the traffic projection on %s", (engine) => {
  let driver: TrafficDriver;
  let workspace = 0;

  beforeAll(async () => {
    driver = await createTrafficDriver(engine);
  });
  afterAll(async () => {
    await driver.dispose();
  });

  const verdictOf = async (id: string) => (await driver.verdicts(workspace)).get(id)?.verdict;
  const open = () => {
    workspace += 1;
    return workspace;
  };

  it("judges earlier hits again when a burst completes, and says so in the changes feed", async () => {
    const ws = open();
    await driver.feed([click(ws, "a", 0, { link_id: "0" }), click(ws, "b", 200, { link_id: "1" })]);
    expect(await verdictOf("a")).toBe("human");
    await driver.feed([click(ws, "c", 400, { link_id: "2" })]);
    expect(await verdictOf("a")).toBe("machine");
    expect(await driver.changes(ws)).toEqual(["a", "b"]);
  });

  it("judges a click again when its visitor engages on the site", async () => {
    const ws = open();
    await driver.feed([click(ws, "a", HOUR, { context: hosting({ ua: "" }) })]);
    expect(await verdictOf("a")).toBe("machine");
    await driver.feed([visit(ws, "page", HOUR + 900, { type: "page", click_id: "a" })]);
    expect(await verdictOf("a")).toBe("machine");
    await driver.feed([visit(ws, "scroll", HOUR + 9000, { name: "scroll" })]);
    expect(await verdictOf("a")).toBe("human");
    expect(await driver.changes(ws)).toEqual(["a"]);
  });

  it("believes no engagement of a machine", async () => {
    const ws = open();
    const bot = { context: { userAgent: "HeadlessChrome/120", ip: "198.51.100.0" } };
    await driver.feed([
      click(ws, "a", HOUR, { context: hosting({ ua: "" }) }),
      visit(ws, "page", HOUR + 900, { type: "page", click_id: "a", ...bot }),
      visit(ws, "scroll", HOUR + 9000, { name: "scroll", ...bot }),
    ]);
    expect(await verdictOf("scroll")).toBe("machine");
    expect(await verdictOf("a")).toBe("machine");
  });

  it("takes a purchase that a server reports for the click", async () => {
    const ws = open();
    const purchase = { source: "server", name: "purchase", click_id: "a" } as const;
    await driver.feed([
      visit(ws, "buy", HOUR + HOUR, { ...purchase, anonymous_id: null }),
      click(ws, "a", HOUR, { context: hosting({ ua: "" }) }),
    ]);
    expect(await verdictOf("a")).toBe("human");
    expect(await verdictOf("buy")).toBe("human");
  });

  it("judges a click again when its delivery is reported late", async () => {
    const ws = open();
    const bare = {
      context: { method: "GET", ip: "192.0.2.10", ua: ORDINARY_CLICK.userAgent, tls: 1 },
    };
    await driver.feed([click(ws, "a", 2500, bare)]);
    expect(await verdictOf("a")).toBe("human");
    await driver.feed([
      fact(ws, "d", 2000, { source: "esp", type: "delivered", message_id: "m1" }),
    ]);
    expect(await verdictOf("a")).toBe("machine");
  });

  it("judges a click again when the hidden link becomes known late", async () => {
    const ws = open();
    await driver.feed([click(ws, "a", HOUR, { link_id: "1" })]);
    expect(await verdictOf("a")).toBe("human");
    const links = [{ index: 0, name: null, text: "Shop", url: "https://a.test/" }];
    await driver.feed([
      fact(ws, "r", 0, {
        source: "email",
        type: "rewrite",
        campaign_id: "k1",
        properties: { campaign: "k", links, honeypot: 1 },
      }),
    ]);
    expect(await verdictOf("a")).toBe("machine");
  });

  it("judges a mail's links by its own sent fact where the campaign's mails differ", async () => {
    const ws = open();
    const links = Array.from({ length: 9 }, (_, index) => ({
      index,
      text: "x",
      url: "https://a.test/",
    }));
    const campaign = { campaign_id: "k1" };
    await driver.feed([
      fact(ws, "r", 0, { source: "email", type: "rewrite", ...campaign, properties: { links } }),
      fact(ws, "s", 0, {
        source: "email",
        type: "sent",
        message_id: "m1",
        ...campaign,
        properties: { links: 4 },
      }),
      ...["0", "1", "2", "3"].map((link, n) => click(ws, link, HOUR + n * 3000, { link_id: link })),
    ]);
    expect((await driver.verdicts(ws)).get("0")?.reasons.at(0)?.signal).toBe("sweep_all_links");
  });

  it("keeps the workspaces apart", async () => {
    const [one, two] = [open(), open()];
    await driver.feed([
      click(one, "a", 0, { link_id: "0" }),
      click(two, "b", 100, { link_id: "1" }),
      click(one, "c", 200, { link_id: "2" }),
    ]);
    expect((await driver.verdicts(one)).get("a")?.verdict).toBe("human");
    expect((await driver.verdicts(two)).get("b")?.verdict).toBe("human");
  });

  it("leaves mail facts and an ESP's reports without a user agent in peace", async () => {
    const ws = open();
    await driver.feed([
      fact(ws, "s", 0, { source: "email", type: "sent", message_id: "m1" }),
      fact(ws, "o", HOUR, { source: "esp", type: "open", ...MAIL }),
    ]);
    const verdicts = await driver.verdicts(ws);
    expect([...verdicts.keys()]).toEqual(["o"]);
    expect(verdicts.get("o")).toMatchObject({ verdict: "human", certainty: "high" });
  });

  it("judges visitors again when a first page comes late, or too many come at once", async () => {
    const ws = open();
    await driver.feed([visit(ws, "cart", HOUR, { name: "add_to_cart" })]);
    expect((await driver.verdicts(ws)).get("cart")?.certainty).toBe("low");
    await driver.feed([visit(ws, "page", HOUR - 5 * 60_000, { type: "page" })]);
    expect((await driver.verdicts(ws)).get("cart")?.certainty).toBe("high");
    await driver.feed(
      Array.from({ length: 10 }, (_, n) =>
        visit(ws, `other ${n}`, HOUR + n, { type: "page", anonymous_id: `v${n}` }),
      ),
    );
    expect((await driver.verdicts(ws)).get("cart")?.certainty).toBe("low");
  });

  it("keeps the counts of the traffic page in step with verdicts that change", async () => {
    const ws = open();
    const counts = async () =>
      Object.fromEntries(
        (
          await driver.db.all<{ verdict: string; hits: number }>(sql`
            SELECT verdict, SUM(hits) AS hits FROM traffic_days
            WHERE workspace_id = ${ws} GROUP BY verdict HAVING SUM(hits) <> 0`)
        ).map(({ verdict, hits }) => [verdict, hits]),
      );
    await driver.feed([click(ws, "a", 0, { link_id: "0" }), click(ws, "b", 200, { link_id: "1" })]);
    expect(await counts()).toEqual({ human: 2 });
    await driver.feed([click(ws, "c", 400, { link_id: "2" })]);
    expect(await counts()).toEqual({ machine: 3 });
    await driver.feed([
      fact(ws, "flood", 500, { source: "email", type: "flood", properties: { hits: 70 } }),
    ]);
    expect(await counts()).toEqual({ machine: 73 });
  });

  const patient = { timeout: BUSY_MS };
  it("comes to the same verdicts however the log is cut, and from scratch", patient, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryFact, { minLength: 5, maxLength: 25 }), async (makers) => {
        const [one, two] = [open(), open()];
        const facts = (ws: number) => makers.map((make, index) => make(ws, `f${index}`));
        await driver.feed(facts(one), 2);
        await driver.feed(facts(two).reverse(), 1000);
        expect(await plainVerdicts(driver, one)).toEqual(await plainVerdicts(driver, two));
      }),
      { numRuns: engine === "sqlite" ? 40 : 12 },
    );
    const last = Array.from({ length: 8 }, (_, back) => workspace - back);
    const before = await Promise.all(last.map((ws) => plainVerdicts(driver, ws)));
    await driver.rebuild(7);
    expect(await Promise.all(last.map((ws) => plainVerdicts(driver, ws)))).toEqual(before);
  });

  it("judges the clicks of a crowd's address alike, however the log is cut", async () => {
    const [one, two] = [open(), open()];
    const facts = (ws: number) =>
      Array.from({ length: 2400 }, (_, n) =>
        click(ws, `f${n}`, n * 5 + (n > 1200 ? 9000 : 0), {
          recipient_contact: `c${n % 300}`,
          message_id: `m${n % 300}`,
          link_id: `${n % 7}`,
        }),
      );
    const late = (ws: number) => click(ws, "late", 24_500, { recipient_contact: "late" });
    await driver.feedRounds(cut([...facts(one), late(one)], 300));
    await driver.feedRounds([[...facts(two), late(two)].reverse()]);
    const verdicts = await driver.verdicts(one);
    expect(verdicts.get("f0")?.reasons.map(({ signal }) => signal)).toContain("ip_fanout_mass");
    expect(await plainVerdicts(driver, one)).toEqual(await plainVerdicts(driver, two));
  });

  it("judges the visitors behind a crowd's address and browser alike, however the log is cut", async () => {
    const [one, two] = [open(), open()];
    // A household for a minute and a half, then a crowd, and the household again.
    const facts = (ws: number) =>
      Array.from({ length: 3600 }, (_, n) => {
        const isCrowd = n >= 400 && n < 3200;
        return visit(ws, `e${n}`, isCrowd ? 90_000 + n * 30 : n * 75, {
          type: "page",
          anonymous_id: `v${n % (isCrowd ? 200 : 8)}`,
        });
      });
    await driver.feedRounds(cut([...facts(one), visit(one, "late", 120_000)], 400));
    await driver.feedRounds([[...facts(two), visit(two, "late", 120_000)].reverse()]);
    const verdicts = await driver.verdicts(one);
    const signalsOf = (id: string) => verdicts.get(id)?.reasons.map(({ signal }) => signal);
    expect(signalsOf("e0")).not.toContain("device_rate");
    expect(signalsOf("e3599")).not.toContain("device_rate");
    for (const id of ["e410", "e1800", "e3199", "late"])
      expect(signalsOf(id)).toContain("device_rate");
    expect(await plainVerdicts(driver, one)).toEqual(await plainVerdicts(driver, two));
  });
});

function cut(facts: readonly EventRow[], size: number): EventRow[][] {
  const count = Math.ceil(facts.length / size);
  return Array.from({ length: count }, (_, n) => facts.slice(n * size, (n + 1) * size));
}

/** Verdicts, and the counts that are kept of them. */
async function plainVerdicts(driver: TrafficDriver, workspaceId: number): Promise<object> {
  const { db } = driver;
  const verdicts = Object.fromEntries(await driver.verdicts(workspaceId));
  const days = await db.all<{ hits: number; kind: string }>(sql`
    SELECT day, kind, campaign_id, network, verdict, certainty, hits FROM traffic_days
    WHERE workspace_id = ${workspaceId} AND hits <> 0
    ORDER BY day, kind, campaign_id, network, verdict, certainty`);
  const reasons = await db.all(sql`
    SELECT day, kind, signal, verdict, hits FROM traffic_reasons
    WHERE workspace_id = ${workspaceId} AND hits <> 0 ORDER BY day, kind, signal, verdict`);
  return { verdicts, days, reasons };
}

function click(ws: number, id: string, at: number, known: Partial<EventRow> = {}): EventRow {
  return fact(ws, id, at, {
    source: "email",
    type: "click",
    link_id: "0",
    click_id: id,
    context: {
      method: "GET",
      ip: "192.0.2.10",
      ua: ORDINARY_CLICK.userAgent,
      tls: 1,
      headers: ORDINARY_CLICK.headers,
    },
    ...MAIL,
    ...known,
  });
}

function hosting(known: Record<string, unknown>): Record<string, unknown> {
  return { method: "GET", ip: "198.51.100.20", tls: 1, headers: {}, network: "hosting", ...known };
}

function visit(ws: number, id: string, at: number, known: Partial<EventRow> = {}): EventRow {
  return fact(ws, id, at, {
    source: "site",
    type: "track",
    anonymous_id: "v",
    context: { userAgent: ORDINARY_CLICK.userAgent, ip: "192.0.2.0", tls: 0 },
    ...known,
  });
}

type MakeFact = (ws: number, id: string) => EventRow;

/** Clicks of a few mails within a minute, mail facts about them, and visits they led to. */
const arbitraryFact: fc.Arbitrary<MakeFact> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        at: fc.integer({ min: 0, max: 20_000 }),
        link: fc.constantFrom("0", "1", "2", "3"),
        contact: fc.constantFrom("c1", "c2", "c3", "c4", "c5", null),
        ua: fc.constantFrom(
          ORDINARY_CLICK.userAgent,
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5)",
          "",
        ),
        network: fc.constantFrom("hosting", "residential"),
        n: fc.integer({ min: 0, max: 3 }),
      })
      .map(
        ({ at, link, contact, ua, network, n }): MakeFact =>
          (ws, id) =>
            click(ws, id, at, {
              link_id: link,
              recipient_contact: contact,
              click_id: `click ${n}`,
              context: hosting({ ua, network, headers: n === 0 ? ORDINARY_CLICK.headers : {} }),
            }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        at: fc.integer({ min: 0, max: 90_000 }),
        name: fc.constantFrom("scroll", "page_view", "purchase", "view_item"),
        visitor: fc.constantFrom("v1", "v2", null),
        landed: fc.constantFrom("click 0", "click 1", null, null),
        source: fc.constantFrom("site" as const, "site" as const, "server" as const),
        webdriver: fc.boolean(),
      })
      .map(
        ({ at, name, visitor, landed, source, webdriver }): MakeFact =>
          (ws, id) =>
            visit(ws, id, at, {
              name,
              source,
              anonymous_id: visitor,
              click_id: landed,
              type: name === "page_view" ? "page" : "track",
              context: { userAgent: ORDINARY_CLICK.userAgent, ip: "192.0.2.0", webdriver },
            }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        at: fc.integer({ min: -5000, max: 20_000 }),
        type: fc.constantFrom("sent" as const, "delivered" as const, "rewrite" as const),
        links: fc.integer({ min: 1, max: 5 }),
        honeypot: fc.boolean(),
      })
      .map(
        ({ at, type, links, honeypot }): MakeFact =>
          (ws, id) =>
            fact(ws, id, at, {
              source: "email",
              type,
              message_id: type === "rewrite" ? null : "m1",
              campaign_id: "k1",
              properties:
                type === "rewrite"
                  ? {
                      honeypot: honeypot ? links : null,
                      links: Array.from({ length: links }, (_, index) => ({
                        index,
                        text: index === links - 1 ? "Unsubscribe" : "Shop",
                        url: "https://a.test/",
                      })),
                    }
                  : {},
            }),
      ),
  },
);
