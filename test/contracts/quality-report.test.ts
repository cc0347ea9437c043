import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { createPartitions } from "../../src/log/event-partitions.ts";
import { insertEvents, readEvents } from "../../src/log/events-store.ts";
import { ensureGenerations, tableOf } from "../../src/log/generations.ts";
import { createQualityProjection } from "../../src/reports/project-quality.ts";
import { readQuality } from "../../src/reports/quality.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import { fact } from "../support/traffic-facts.ts";

const DAY = 86_400_000;
/** The day of the last event. */
const UNTIL = Date.UTC(2026, 2, 3, 12);

const isSale = (workspaceId: number, name: string) => workspaceId === 1 && name === "purchase";

describe.each(testEngines)("the quality report on %s", (engine) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    const { db } = database;
    const projection = createQualityProjection(engine);
    await ensureGenerations(db, projection);
    const facts = [
      event(1, "a", "purchase", 0, 100, ""),
      event(1, "b", "purchase", 0, 80, "conditional_params,page_context"),
      event(1, "c", "purchase", 1, 60, "required_params"),
      event(1, "d", "demo_booked", 1, 90, "known_event"),
      event(1, "too old", "purchase", -5, 10, "known_event"),
      event(2, "another workspace's", "purchase", 0, 10, "known_event"),
      { ...event(1, "a mail's", "email_clicked", 0, 10, ""), quality: null, quality_failed: null },
    ];
    if (engine === "postgres") await createPartitions(db, JSON.stringify(facts));
    for (const one of facts) {
      const [{ seq = 0 } = {}] = await db.all<{ seq: number }>(
        sql`SELECT COALESCE(MAX(seq), 0) AS seq FROM events`,
      );
      await db.batch([insertEvents(engine, JSON.stringify([one]))]);
      const rows = await readAll(seq);
      // Slices of one event: a sum must not depend on how the log was cut.
      await db.batch([
        ...(await projection.handle({ events: rows, changes: [], table: tableOf(1) }, db)),
      ]);
    }
  });
  afterAll(() => database.dispose());

  /** PostgreSQL shows a row only when older transactions of other tests have ended. */
  async function readAll(after: number) {
    return vi.waitUntil(async () => {
      const events = await readEvents(database.db, { txid: 0, seq: 0 }, 100);
      const fresh = events.filter(({ seq }) => seq > after);
      return fresh.length > 0 && fresh;
    }, 10_000);
  }

  function event(ws: number, id: string, name: string, day: number, score: number, failed: string) {
    const at = Date.UTC(2026, 2, 2, 9) + day * DAY;
    return {
      ...fact(ws, id, 0, { source: "site", type: "track", source_id: "site_1" }),
      name,
      occurred_at: at,
      received_at: at,
      quality: score,
      quality_failed: failed,
      properties: { id },
    };
  }

  it("gives mean scores by day, event and source, worst first", async () => {
    const report = await readQuality(database.db, 1, { days: 3, until: UNTIL }, isSale);
    expect(report.totals).toEqual({ events: 4, score: 83 });
    expect(report.folded).toMatchObject({ events: 0 });
    expect(report.days).toEqual([
      { day: "2026-03-01", events: 0, score: null },
      { day: "2026-03-02", events: 2, score: 90 },
      { day: "2026-03-03", events: 2, score: 75 },
    ]);
    expect(report.events).toEqual([
      {
        event: "purchase",
        source_id: "site_1",
        events: 3,
        score: 80,
        worst_check: "required_params",
        conversion: true,
      },
      {
        event: "demo_booked",
        source_id: "site_1",
        events: 1,
        score: 90,
        worst_check: "known_event",
        conversion: false,
      },
    ]);
  });

  it("names the failed checks by the points lost, with an example and what to change", async () => {
    const { checks } = await readQuality(database.db, 1, { days: 3, until: UNTIL }, isSale);
    expect(checks.map(({ check, failed, weight }) => [check, failed, weight])).toEqual([
      ["required_params", 1, 15],
      ["known_event", 1, 10],
      ["conditional_params", 1, 5],
      ["page_context", 1, 5],
    ]);
    expect(checks[2]).toMatchObject({
      change: expect.stringContaining("currency"),
      example: { event: "purchase", event_id: "b", properties: { id: "b" } },
    });
  });

  it("looks at one event or source alone", async () => {
    const span = { days: 3, until: UNTIL };
    const one = await readQuality(database.db, 1, { ...span, event: "demo_booked" }, isSale);
    expect(one).toMatchObject({ totals: { events: 1, score: 90 }, checks: [{ failed: 1 }] });
    const none = await readQuality(database.db, 1, { ...span, sourceId: "site_2" }, isSale);
    expect(none.totals).toEqual({ events: 0, score: null });
  });
});
