import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { createPartitions } from "../../src/log/event-partitions.ts";
import { insertEvents } from "../../src/log/events-store.ts";
import { ensureGenerations, tableOf } from "../../src/log/generations.ts";
import { MOST_EVENT_NAMES, OTHER_EVENTS } from "../../src/reports/event-names.ts";
import { readFoldedToday } from "../../src/reports/folded-names.ts";
import { createQualityProjection } from "../../src/reports/project-quality.ts";
import { readQuality } from "../../src/reports/quality.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import { fact } from "../support/traffic-facts.ts";

const DAY = 86_400_000;
const TODAY = Date.UTC(2026, 2, 3);

describe.each(testEngines)("a client that makes event names up, on %s", (engine) => {
  let database: TestDatabase;
  let count = 0;
  const projection = createQualityProjection(engine);

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    await ensureGenerations(database.db, projection);
    await database.db.run(sql`
      INSERT INTO planned_events (workspace_id, name, parameters, changed_at)
      VALUES (1, 'declared_late', '[]', 0)`);
    await database.db.run(sql`
      INSERT INTO workspaces (workspace_id, slug, name, ref_key, created_at)
      VALUES (1, 'one', 'One', 'a', 0), (2, 'two', 'Two', 'b', 0)
      ON CONFLICT DO NOTHING`);
  });
  afterAll(() => database.dispose());

  async function come(workspace: number, names: readonly string[], day = TODAY): Promise<void> {
    const facts = names.map((name) => {
      count += 1;
      return {
        ...fact(workspace, `e${count}`, 0, { source: "site", type: "track", source_id: "site_1" }),
        name,
        received_at: day + 1,
        quality: 50,
        quality_failed: "known_event",
      };
    });
    const { db } = database;
    const json = JSON.stringify(facts);
    if (engine === "postgres") await createPartitions(db, json);
    await db.batch([insertEvents(engine, json)]);
    const rows = await db.all<{ event_id: string; seq: number }>(
      sql`SELECT event_id, seq FROM events WHERE workspace_id = ${workspace}`,
    );
    const seqs = new Map(rows.map(({ event_id, seq }) => [event_id, seq]));
    const events = facts.map((one) => ({ ...one, seq: seqs.get(one.event_id) ?? 0, txid: 0 }));
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
    expect(folded).toMatchObject({
      reason: "too_many_event_names",
      events: 12,
      most_names: 2000,
    });
  });

  it("is named by its last folded names, and counted for the day by workspace", async () => {
    const query = { days: 1, until: TODAY };
    const { folded } = await readQuality(database.db, 1, query, () => false);
    const last = ["new", ...made.slice(MOST_EVENT_NAMES).reverse()].slice(0, 10);
    expect(folded.names).toEqual(last.map((event) => ({ event, source_id: "site_1" })));
    expect((await readQuality(database.db, 2, query, () => false)).folded.names).toEqual([]);

    expect(await readFoldedToday(database.db, TODAY + 5)).toEqual(new Map([["1", 12]]));
    expect(await readFoldedToday(database.db, TODAY + DAY)).toEqual(new Map());
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
