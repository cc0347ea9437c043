import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { ensureGenerations, tableOf } from "../../src/log/generations.ts";
import { MOST_EVENT_NAMES, OTHER_EVENTS } from "../../src/reports/event-names.ts";
import { createQualityProjection } from "../../src/reports/project-quality.ts";
import { readQuality } from "../../src/reports/quality.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import { fact } from "../support/traffic-facts.ts";

const DAY = 86_400_000;
const TODAY = Date.UTC(2026, 2, 3);

describe.each(testEngines)("a client that makes event names up, on %s", (engine) => {
  let database: TestDatabase;
  let seq = 0;
  const projection = createQualityProjection(engine);

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    await ensureGenerations(database.db, projection);
    await database.db.run(sql`
      INSERT INTO planned_events (workspace_id, name, parameters, changed_at)
      VALUES (1, 'declared_late', '[]', 0)`);
  });
  afterAll(() => database.dispose());

  async function come(workspace: number, names: readonly string[], day = TODAY): Promise<void> {
    const events = names.map((name) => {
      seq += 1;
      return {
        ...fact(workspace, `e${seq}`, 0, { source: "site", type: "track", source_id: "site_1" }),
        name,
        received_at: day + 1,
        quality: 50,
        quality_failed: "known_event",
        seq,
        txid: 0,
      };
    });
    const { db } = database;
    await db.batch([...(await projection.handle({ events, changes: [], table: tableOf(1) }, db))]);
  }

  async function sums(workspace: number): Promise<Record<string, number>> {
    const rows = await database.db.all<{ name: string; events: number }>(sql`
      SELECT name, SUM(events) AS events FROM quality_days
      WHERE workspace_id = ${workspace} AND name IN
        ('made_up_0', 'new', 'newer', 'declared_late', 'purchase', ${OTHER_EVENTS})
      GROUP BY name`);
    return Object.fromEntries(rows.map(({ name, events }) => [name, events]));
  }

  const made = Array.from({ length: MOST_EVENT_NAMES + 10 }, (_, n) => `made_up_${n}`);

  it("gets so many lines and one for the rest; what is standard or declared keeps its own", async () => {
    for (let at = 0; at < made.length; at += 700) await come(1, made.slice(at, at + 700));
    await come(1, ["new", "declared_late", "purchase", "made_up_0", "new"]);
    await come(2, ["new"]);
    expect(await sums(1)).toEqual({
      made_up_0: 2,
      declared_late: 1,
      purchase: 1,
      [OTHER_EVENTS]: 12,
    });
    expect(await sums(2)).toEqual({ new: 1 });
    const rows = await database.db.all<{ name: string }>(
      sql`SELECT DISTINCT name FROM quality_failures WHERE workspace_id = 1`,
    );
    expect(rows).toHaveLength(MOST_EVENT_NAMES + 3);
    const { folded } = await readQuality(database.db, 1, { days: 1, until: TODAY }, () => false);
    expect(folded).toEqual({ reason: "too_many_event_names", events: 12, most_names: 2000 });
  });

  it("makes room when the made-up names have not come for 30 days", async () => {
    await come(1, ["made_up_0"], TODAY + 20 * DAY);
    await come(1, ["newer"], TODAY + 31 * DAY);
    expect(await sums(1)).toMatchObject({ newer: 1, made_up_0: 3 });
    const rows = await database.db.all<{ name: string }>(
      sql`SELECT name FROM event_names WHERE workspace_id = 1 ORDER BY name`,
    );
    expect(rows.map(({ name }) => name)).toEqual(["made_up_0", "newer"]);
  });
});
