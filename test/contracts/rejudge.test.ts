import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { createAppendChanges } from "../../src/log/changes.ts";
import { createPartitions } from "../../src/log/event-partitions.ts";
import { insertEvents } from "../../src/log/events-store.ts";
import { createFollower, type Follower } from "../../src/log/follow.ts";
import { refillProjection } from "../../src/log/generations.ts";
import { createRefillWatch } from "../../src/log/refill-watch.ts";
import type { Signal } from "../../src/traffic/define.ts";
import { createTrafficProjection } from "../../src/traffic/project.ts";
import { loadSignals } from "../../src/traffic/signals.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import { fact } from "../support/traffic-facts.ts";
import { ORDINARY_CLICK } from "../support/traffic-hits.ts";

describe.each(testEngines)("judging again on %s", (engine) => {
  let database: TestDatabase;
  let signals: readonly Signal[];

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    signals = await loadSignals();
    const { headers, userAgent: ua } = ORDINARY_CLICK;
    const facts = ["person", "head 1", "head 2"].map((id, at) =>
      fact(1, id, at * 60_000, {
        source: "email",
        type: "click",
        link_id: "0",
        message_id: "m1",
        recipient_contact: "c1",
        context: { method: id === "person" ? "GET" : "HEAD", headers, ua, tls: 1 },
      }),
    );
    const json = JSON.stringify(facts);
    if (engine === "postgres") await createPartitions(database.db, json);
    await database.db.batch([insertEvents(engine, json)]);
  });
  afterAll(() => database.dispose());

  const projectionOf = (catalog: readonly Signal[]) =>
    createTrafficProjection({ signals: catalog, appendChanges: createAppendChanges(engine) });

  async function follow(catalog: readonly Signal[]): Promise<Follower> {
    const follower = createFollower([projectionOf(catalog)], {
      db: database.db,
      owner: `node with ${catalog.length} signals`,
      now: () => Date.now(),
      monotonicNow: () => performance.now(),
      onTrouble(_name, error) {
        throw error;
      },
    });
    await follower.start();
    return follower;
  }

  async function verdicts(): Promise<string[]> {
    const rows = await database.db.all<{ verdict: string }>(
      sql`SELECT verdict FROM verdicts ORDER BY seq`,
    );
    return rows.map(({ verdict }) => verdict);
  }

  it("serves the old verdicts until the new ones are whole, and corrects the stages behind", async () => {
    const { db } = database;
    const before = await follow(signals.filter(({ name }) => name !== "method_head"));
    await vi.waitFor(async () => expect(await verdicts()).toEqual(["human", "human", "human"]));
    await before.stop();
    const watch = await createRefillWatch(db, "traffic");
    expect(await watch.look()).toMatchObject({ isDone: false, corrections: 0 });

    await refillProjection(db, projectionOf(signals));
    await refillProjection(db, projectionOf(signals));
    expect(await verdicts()).toEqual(["human", "human", "human"]);
    const after = await follow(signals);
    await vi.waitFor(async () => expect(await watch.look()).toMatchObject({ isDone: true }));
    await after.stop();
    expect(await verdicts()).toEqual(["human", "machine", "machine"]);
    expect(await watch.look()).toMatchObject({ corrections: 2, done: 3, all: 3 });
    const corrected = await db.all(sql`
      SELECT e.event_id FROM changes AS c JOIN events AS e ON e.seq = c.seq ORDER BY c.change_seq`);
    expect(corrected).toEqual([{ event_id: "head 1" }, { event_id: "head 2" }]);
    const counts = await db.all(sql`
      SELECT verdict, SUM(hits) AS hits FROM traffic_days GROUP BY verdict ORDER BY verdict`);
    expect(counts).toEqual([
      { verdict: "human", hits: 1 },
      { verdict: "machine", hits: 2 },
    ]);
    const generations = await db.all(sql`SELECT generation, state FROM projections`);
    expect(generations).toEqual([{ generation: 2, state: "live" }]);
  });
});
