import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { ensureGenerations } from "../../src/log/generations.ts";
import { readEventUse } from "../../src/reports/event-use.ts";
import { createQualityProjection } from "../../src/reports/project-quality.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

const DAY = 86_400_000;
const UNTIL = Date.UTC(2026, 2, 3);

describe.each(testEngines)("the use of events on %s", (engine) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    const { db } = database;
    await ensureGenerations(db, createQualityProjection(engine));
    const sums = [
      [1, 0, "a", "s1", 5],
      [1, 1, "a", "s2", 5],
      [1, 0, "b", "s1", 20],
      [1, 40, "old", "s1", 9],
      [2, 0, "another workspace's", "s1", 9],
    ] as const;
    for (const [workspace, ago, name, source, events] of sums) {
      const day = UNTIL - ago * DAY;
      await db.run(sql`
        INSERT INTO quality_days_g1 (workspace_id, day, name, source_id, events, score_sum)
        VALUES (${workspace}, ${day}, ${name}, ${source}, ${events}, 0)`);
      await db.run(sql`
        INSERT INTO quality_failures_g1
          (workspace_id, day, name, source_id, check_id, events, example_seq)
        VALUES (${workspace}, ${day}, ${name}, ${source}, 'param_types', 2, 1),
          (${workspace}, ${day}, ${name}, ${source}, 'known_event', 3, 1),
          (${workspace}, ${day}, ${name}, ${source}, 'no_pii', 4, 1)`);
    }
  });
  afterAll(() => database.dispose());

  it("counts each name over its sources, most used first, with what a plan is about", async () => {
    expect(await readEventUse(database.db, 1, { days: 30, until: UNTIL + 1 })).toEqual([
      {
        event: "b",
        events: 20,
        violations: [
          { check: "known_event", failed: 3 },
          { check: "param_types", failed: 2 },
        ],
      },
      {
        event: "a",
        events: 10,
        violations: [
          { check: "known_event", failed: 6 },
          { check: "param_types", failed: 4 },
        ],
      },
    ]);
  });
});
