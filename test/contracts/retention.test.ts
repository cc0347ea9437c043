import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyRetention } from "../../src/contacts/privacy/retention.ts";
import { sql } from "../../src/db/sql.ts";
import { parseRetention } from "../../src/lib/retention.ts";
import type { EventRow } from "../../src/log/event.ts";
import { ensureGenerations } from "../../src/log/generations.ts";
import { createTrafficProjection } from "../../src/traffic/project.ts";
import { testEngines } from "../support/database.ts";
import { createJourneyDriver, type JourneyDriver } from "../support/journey-driver.ts";
import { click, DAY, page, START, sent } from "../support/journey-facts.ts";

const NOW = START + 500 * DAY;

describe.each(testEngines)("retention on %s", (engine) => {
  let driver: JourneyDriver;

  beforeEach(async () => {
    driver = await createJourneyDriver(engine);
    await driver.db.run(sql`DROP TABLE verdicts`);
    const traffic = createTrafficProjection({ signals: [], appendChanges: () => sql`SELECT 1` });
    await ensureGenerations(driver.db, traffic);
  });
  afterEach(() => driver.dispose());

  const apply = (days: string, dryRun = false) => {
    const retention = parseRetention(days);
    if (!retention) throw new Error(days);
    const { db, refsOf } = driver;
    return applyRetention({ db, refsOf, retention, now: () => NOW }, { dryRun });
  };

  /** A mail, two clicks and visits: 500 days ago, and yesterday. */
  async function feed(): Promise<void> {
    const refs = driver.refsOf(1);
    const jane = { id: "jane", email: "jane@ex.test" };
    const ref = refs.contact(jane);
    const yesterday = NOW - DAY;
    const old: Partial<EventRow> = { context: { ip: "1.2.3.0" }, campaign_id: "spring" };
    await driver.feed([
      sent("s1", refs, jane, START, { campaign_id: "spring", context: { ip: "1.2.3.0" } }),
      click("K1", ref, START + 1000, old),
      click("K2", ref, START + 2000, old),
      page("e1", "V1", START + 3000, { click_id: "K1" }),
      page("e2", "V1", START + 4000, { type: "identify", name: "identify", user_id: "jane" }),
      sent("s2", refs, jane, START + 5000, { campaign_id: "spring" }),
      click("K3", ref, yesterday, old),
      page("e3", "V1", yesterday + 1000),
    ]);
  }

  async function storedIds(): Promise<string[]> {
    const rows = await driver.db.all<{ id: string }>(
      sql`SELECT event_id AS id FROM events ORDER BY event_id`,
    );
    return rows.map(({ id }) => id);
  }

  it("keeps everything unless told", async () => {
    await feed();
    expect(await apply("0")).toMatchObject({ events: {}, thinned: 0 });
    expect(await storedIds()).toHaveLength(8);
  });

  it("only counts in a dry run", async () => {
    await feed();
    const report = await apply("400", true);
    expect(report.events).toEqual({ click: 2, page: 1, sent: 1 });
    expect(await storedIds()).toHaveLength(8);
    expect(await apply("400")).toEqual(report);
  });

  it("deletes what is old, and keeps who is who: computed again, it is the same contact", async () => {
    await feed();
    await apply("400");
    // s1 linked id and address, e2 says who the visitor is.
    expect(await storedIds()).toEqual(["K3", "e2", "e3", "s1"]);
    const context = await driver.db.get(
      sql`SELECT CAST(context AS TEXT) AS context FROM events WHERE event_id = 's1'`,
    );
    expect(context).toEqual({ context: "{}" });
    const contacts = () =>
      driver.db.all(sql`SELECT contact_id, user_id, email FROM contacts ORDER BY contact_id`);
    const before = await contacts();
    await driver.rebuild(100);
    expect(await contacts()).toEqual(before);
    expect(await apply("400")).toMatchObject({ events: {}, thinned: 0 });
  });

  it("keeps counts of what it deletes", async () => {
    await feed();
    await apply("400");
    await apply("400");
    expect(
      await driver.db.all(sql`
        SELECT campaign_id, type, events FROM retained_counts ORDER BY type`),
    ).toEqual([
      { campaign_id: "spring", type: "click", events: 2 },
      { campaign_id: "", type: "page", events: 1 },
      { campaign_id: "spring", type: "sent", events: 1 },
    ]);
  });

  it("takes single types apart", async () => {
    await feed();
    expect(await apply("0,page=400", true)).toMatchObject({ events: { page: 1 } });
    expect(await apply("400,click=0", true)).toMatchObject({ events: { page: 1, sent: 1 } });
  });

  it("deletes refused events after 30 days, and the audit log not within a year", async () => {
    const { db } = driver;
    for (const [days, id] of [
      [40, "old"],
      [5, "new"],
    ] as const) {
      await db.run(sql`
        INSERT INTO failed_events (workspace_id, failed_id, received_at, source_id, reason, raw)
        VALUES (1, ${id}, ${NOW - days * DAY}, 's', 'r', '{}')`);
      await db.run(sql`
        INSERT INTO audit (workspace_id, audit_id, at, actor_kind, actor_id, action, subject)
        VALUES (1, ${id}, ${NOW - days * 10 * DAY}, 'cli', 'x', 'a', 's')`);
    }
    expect(await apply("100")).toMatchObject({ failed_events: 1, audit: 1 });
    expect(await db.all(sql`SELECT failed_id FROM failed_events`)).toEqual([{ failed_id: "new" }]);
    expect(await db.all(sql`SELECT audit_id FROM audit`)).toEqual([{ audit_id: "new" }]);
  });
});

describe("RETENTION_DAYS", () => {
  it.each(["", "x", "-1", "400,open", "400,identify=3", "400;open=3", "1e3"])(
    "refuses %j",
    (text) => {
      expect(parseRetention(text)).toBeUndefined();
    },
  );
});
