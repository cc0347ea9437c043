import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { readTraffic } from "../../src/reports/traffic.ts";
import { testEngines } from "../support/database.ts";
import { createTrafficDriver, type TrafficDriver } from "../support/traffic-driver.ts";
import { fact } from "../support/traffic-facts.ts";
import { ORDINARY_CLICK } from "../support/traffic-hits.ts";

const DAY = 86_400_000;
/** Two days after the send. */
const UNTIL = Date.UTC(2026, 2, 4, 12);

describe.each(testEngines)("the traffic report on %s", (engine) => {
  let driver: TrafficDriver;

  beforeAll(async () => {
    driver = await createTrafficDriver(engine);
    await driver.db.run(
      sql`CREATE TABLE campaigns (workspace_id BIGINT, campaign_id TEXT, name TEXT)`,
    );
    await driver.db.run(sql`INSERT INTO campaigns VALUES (1, 'k1', 'Spring')`);
    await driver.feed([
      click(1, "a", 0, {}),
      click(1, "b", DAY, { method: "HEAD", network: "hosting" }),
      click(1, "c", DAY + 60_000, { ua: "" }),
      click(1, "too old", -2 * DAY, {}),
      click(2, "another workspace's", 0, {}),
    ]);
  });
  afterAll(() => driver.dispose());

  function click(ws: number, id: string, at: number, context: Record<string, string>) {
    const { headers, userAgent: ua, method } = ORDINARY_CLICK;
    return fact(ws, id, at, {
      source: "email",
      type: "click",
      campaign_id: "k1",
      message_id: "m1",
      link_id: "0",
      recipient_contact: "c1",
      context: { headers, ua, method, tls: 1, ...context },
    });
  }

  it("counts people beside machines, by day, campaign, network and reason", async () => {
    const report = await readTraffic(driver.db, 1, { kind: "click", days: 3, until: UNTIL });
    const all = { human: 2, unsure: 1, machine: 1, prefetch: 0 };
    const none = { human: 0, unsure: 0, machine: 0, prefetch: 0 };
    expect(report).toEqual({
      totals: all,
      days: [
        { day: "2026-03-02", ...none, human: 1 },
        { day: "2026-03-03", ...all, human: 1 },
        { day: "2026-03-04", ...none },
      ],
      reasons: expect.arrayContaining([{ signal: "method_head", machine: 1, prefetch: 0 }]),
      campaigns: [{ id: "k1", name: "Spring", ...all }],
      networks: [
        { network: "", ...none, human: 2, unsure: 1 },
        { network: "hosting", ...none, machine: 1 },
      ],
    });
  });

  it("has nothing of a kind that never came", async () => {
    const report = await readTraffic(driver.db, 1, { kind: "open", days: 1, until: UNTIL });
    expect(report.days).toHaveLength(1);
    expect(report.campaigns).toEqual([]);
  });
});
