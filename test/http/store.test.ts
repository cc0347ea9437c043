import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { readLatestEvents } from "../../src/http/store.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import { NOON } from "./fakes.ts";

describe.each(testEngines)("readLatestEvents on %s", (engine) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase(engine);
    if (engine === "postgres") {
      await database.db.run(sql`CREATE TABLE events_test PARTITION OF events DEFAULT`);
    }
    for (const [workspaceId, id] of [
      [1, "a"],
      [2, "b"],
      [1, "c"],
      [1, "d"],
    ] as const) {
      await database.db.run(sql`
        INSERT INTO events (workspace_id, source_id, event_id, source, type, name, occurred_at,
                            received_at, properties)
        VALUES (${workspaceId}, 'click', ${id}, 'email', 'click', ${`name_${id}`}, ${NOON}, ${NOON},
                '{"campaign":"Spring"}')`);
    }
  });

  afterEach(() => database.dispose());

  const namesOf = async (workspaceId: number, since: number, limit: number) =>
    (await readLatestEvents(database.db, workspaceId, since, limit)).map(({ name }) => name);

  it("gives a workspace its own events, newest first", async () => {
    expect(await namesOf(1, 0, 10)).toEqual(["name_d", "name_c", "name_a"]);
    expect(await namesOf(2, 0, 10)).toEqual(["name_b"]);
    expect(await namesOf(3, 0, 10)).toEqual([]);
  });

  it("goes on behind an event that was seen", async () => {
    const [, second] = await readLatestEvents(database.db, 1, 0, 2);
    expect(await namesOf(1, second?.seq ?? 0, 10)).toEqual(["name_d"]);
  });

  it("reads properties as an object and times as numbers", async () => {
    const [newest] = await readLatestEvents(database.db, 1, 0, 1);
    expect(newest).toMatchObject({ occurred_at: NOON, properties: { campaign: "Spring" } });
  });
});
