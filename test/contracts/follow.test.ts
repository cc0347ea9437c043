import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Db } from "../../src/db/db.ts";
import { sql } from "../../src/db/sql.ts";
import { createPartitions } from "../../src/log/event-partitions.ts";
import { insertEvents, readEvents } from "../../src/log/events-store.ts";
import { createFollower, type Follower, readLags } from "../../src/log/follow.ts";
import type { Projection } from "../../src/log/projection.ts";
import {
  createTestDatabase,
  openAgain,
  type TestDatabase,
  testEngines,
} from "../support/database.ts";
import { siteFact } from "../support/facts.ts";

/** Copies every event's id, so that a test sees what a handler was given, in order. */
function copying(version: number, handle?: Projection["handle"]): Projection {
  return {
    name: "copied",
    version,
    tables: ["copied"],
    create: (table) => [
      sql`CREATE TABLE ${table("copied")} (
        workspace_id BIGINT NOT NULL, seq BIGINT NOT NULL, event_id TEXT NOT NULL, version BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, seq))`,
    ],
    handle:
      handle ??
      (async ({ events, table }) =>
        events.map(
          (event) => sql`INSERT INTO ${table("copied")} (workspace_id, seq, event_id, version)
            VALUES (${event.workspace_id}, ${event.seq}, ${event.event_id}, ${version})`,
        )),
  };
}

describe.each(testEngines)("following the log on %s", (engine) => {
  let database: TestDatabase;
  const followers: Follower[] = [];

  beforeEach(async () => {
    database = await createTestDatabase(engine);
  });
  afterEach(async () => {
    await Promise.all(followers.splice(0).map((follower) => follower.stop()));
    await database.dispose();
  });

  async function append(ids: readonly string[], db = database.db): Promise<void> {
    const json = JSON.stringify(ids.map((id) => siteFact(id)));
    if (engine === "postgres") await createPartitions(db, json);
    await db.batch([insertEvents(engine, json)]);
  }

  async function follow(
    projections: Projection[],
    options: Partial<Parameters<typeof createFollower>[1]> = {},
  ): Promise<Follower> {
    const follower = createFollower(projections, {
      db: database.db,
      owner: "node-1",
      now: () => Date.now(),
      monotonicNow: () => performance.now(),
      onTrouble(_name, error) {
        throw error;
      },
      ...options,
    });
    followers.push(follower);
    await follower.start();
    return follower;
  }

  async function copies(): Promise<{ event_id: string; version: number }[]> {
    return database.db.all(sql`SELECT event_id, version FROM copied ORDER BY event_id`);
  }

  async function expectCopies(ids: readonly string[], version = 1): Promise<void> {
    await vi.waitFor(
      async () => {
        expect(await copies()).toEqual(ids.map((event_id) => ({ event_id, version })));
      },
      { timeout: 10_000, interval: 20 },
    );
  }

  it("hands every event to the projection once, and says when it has caught up", async () => {
    const ids = Array.from({ length: 300 }, (_, index) => `e${String(index).padStart(3, "0")}`);
    await append(ids.slice(0, 200));
    const follower = await follow([copying(1)]);
    await append(ids.slice(200));
    follower.wake();
    await expectCopies(ids);
    expect(await readLags(database.db)).toEqual([{ name: "copied", lag: 0 }]);
  });

  it.each([
    { readMs: 0, slices: "smaller" },
    { readMs: 400, slices: "larger" },
  ])("makes slices $slices where a write takes 30 ms and reading $readMs", async (given) => {
    const ids = Array.from({ length: 700 }, (_, index) => `e${String(index).padStart(3, "0")}`);
    await append(ids);
    let clock = 0;
    const sizes: number[] = [];
    const { handle } = copying(1);
    const projection = copying(1, (batch, db) => {
      clock += given.readMs;
      sizes.push(batch.events.length);
      return handle(batch, db);
    });
    const db: Db = {
      ...database.db,
      async batch(statements, options) {
        clock += 30;
        return database.db.batch(statements, options);
      },
    };
    await follow([projection], { db, monotonicNow: () => clock });
    await expectCopies(ids);
    const [first = 0, second = 0] = sizes;
    expect(Math.sign(second - first)).toBe(given.slices === "larger" ? 1 : -1);
  });

  it("goes on behind the last commit after a restart", async () => {
    await append(["a", "b"]);
    const first = await follow([copying(1)]);
    await expectCopies(["a", "b"]);
    await first.stop();
    await append(["c"]);
    await follow([copying(1)]);
    await expectCopies(["a", "b", "c"]);
  });

  it("commits rows and cursor together: a failed slice leaves neither, and is tried again", async () => {
    await append(["a"]);
    let failures = 2;
    const good = copying(1);
    const troubles: unknown[] = [];
    await follow(
      [
        copying(1, async (batch, db) => {
          const writes = await good.handle(batch, db);
          failures -= 1;
          return failures >= 0 ? [...writes, sql`INSERT INTO no_such_table VALUES (1)`] : writes;
        }),
      ],
      { onTrouble: (_name, error) => troubles.push(error) },
    );
    await expectCopies(["a"]);
    expect(troubles).toHaveLength(2);
  });

  it("fills a raised version beside the running one, and swaps when it has caught up", async () => {
    await append(["a", "b"]);
    const before = await follow([copying(1)]);
    await expectCopies(["a", "b"]);
    await before.stop();

    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const raised = copying(2);
    await follow([
      copying(2, async (batch, db) => {
        const isFilling = batch.table("copied").sql === "copied_g2";
        if (isFilling) await held;
        return raised.handle(batch, db);
      }),
    ]);
    expect((await copies()).map(({ version }) => version)).toEqual([1, 1]);
    letGo();
    await expectCopies(["a", "b"], 2);
    const left = await database.db.all(sql`SELECT generation, state FROM projections`);
    expect(left).toEqual([{ generation: 2, state: "live" }]);
  });

  it("fills a raised version even if the running one's tables lack what its code writes to", async () => {
    await append(["a"]);
    const before = await follow([copying(1)]);
    await expectCopies(["a"]);
    await before.stop();
    await append(["b"]);
    const raised = copying(2);
    await follow([
      copying(2, async (batch, db) => {
        const isOld = batch.table("copied").sql === "copied_g1";
        return isOld ? [sql`INSERT INTO not_there VALUES (1)`] : raised.handle(batch, db);
      }),
    ]);
    await expectCopies(["a", "b"], 2);
  });

  it("refuses to run an older version over a newer one's rows", async () => {
    const newer = await follow([copying(2)]);
    await newer.stop();
    await expect(follow([copying(1)])).rejects.toMatchObject({ code: "newer_schema" });
  });

  it("lets one node at a time run a projection, and another take over when it stops", async () => {
    await append(["a"]);
    const first = await follow([copying(1)]);
    await expectCopies(["a"]);
    const second = await follow([copying(1)], { owner: "node-2" });
    await append(["b"]);
    first.wake();
    second.wake();
    await expectCopies(["a", "b"]);
    await first.stop();
    await append(["c"]);
    await expectCopies(["a", "b", "c"]);
  });

  it("keeps a stage behind its predecessor", async () => {
    await append(["a"]);
    const stuck = copying(1, async () => {
      throw new Error("not yet");
    });
    const behind = { ...copying(1), name: "behind", tables: ["behind"], after: "copied" };
    behind.create = (table) => [
      sql`CREATE TABLE ${table("behind")} (workspace_id BIGINT NOT NULL, seq BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, seq))`,
    ];
    const seen: string[] = [];
    behind.handle = async ({ events }) => {
      seen.push(...events.map(({ event_id }) => event_id));
      return [];
    };
    const troubles: unknown[] = [];
    await follow([stuck, behind], { onTrouble: (_name, error) => troubles.push(error) });
    await vi.waitFor(() => expect(troubles.length).toBeGreaterThan(0), { timeout: 5000 });
    expect(seen).toEqual([]);
  });

  it("loses no event of many writers that commit out of order", async () => {
    const writers = Array.from({ length: engine === "postgres" ? 8 : 1 }, () =>
      openAgain(database),
    );
    await append(["first"]);
    const read: string[] = [];
    let cursor = { txid: 0, seq: 0 };
    const rounds = 40;
    const expected = writers.length * rounds * 5 + 1;
    const reader = (async () => {
      // Other databases of the cluster may hold the horizon back for a while: late is not lost.
      const deadline = performance.now() + 15_000;
      while (read.length < expected && performance.now() < deadline) {
        const events = await readEvents(database.db, cursor, 500);
        read.push(...events.map(({ event_id }) => event_id));
        cursor = events.at(-1) ?? cursor;
      }
    })();
    await Promise.all(
      writers.map(async (db, writer) => {
        for (let round = 0; round < rounds; round++) {
          // Several statements a transaction keep it open while others commit around it.
          const facts = Array.from({ length: 5 }, (_, index) =>
            siteFact(`w${writer}-${round}-${index}`),
          );
          await db.batch(facts.map((fact) => insertEvents(engine, JSON.stringify([fact]))));
        }
      }),
    );
    await reader;
    expect(new Set(read).size).toBe(read.length);
    expect(read).toHaveLength(expected);
    await Promise.all(writers.map((db) => db.close()));
  });
});
