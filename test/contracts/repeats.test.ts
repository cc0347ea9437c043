import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sql } from "../../src/db/sql.ts";
import { createAppendChanges } from "../../src/log/changes.ts";
import type { EventRow } from "../../src/log/event.ts";
import { createPartitions } from "../../src/log/event-partitions.ts";
import { insertEvents, readEvents } from "../../src/log/events-store.ts";
import { ensureGenerations, tableOf } from "../../src/log/generations.ts";
import { createTransactionsProjection } from "../../src/reports/project-transactions.ts";
import { repeatOf } from "../../src/reports/repeats.ts";
import { createTrafficProjection } from "../../src/traffic/project.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import { shuffled } from "../support/shuffle.ts";
import { fact } from "../support/traffic-facts.ts";

const MINUTE = 60_000;

describe.each(testEngines)("sales told again, on %s", (engine) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    const { db } = database;
    await ensureGenerations(
      db,
      createTrafficProjection({ signals: [], appendChanges: createAppendChanges(engine) }),
    );
    await ensureGenerations(db, createTransactionsProjection(engine));
  });
  afterAll(() => database.dispose());

  it.each([
    ["a reload of the page that thanks", [sale("a", 0), sale("b", 1)], { b: "a" }],
    ["three of them", [sale("a", 0), sale("b", 1), sale("c", 2)], { b: "a", c: "a" }],
    ["two of the same moment", [sale("a", 0), sale("b", 0)], { b: "a" }],
    [
      "an id that one client writes as a number, and one by its old name",
      [
        sale("a", 0, {}, { transaction_id: 1001 }),
        sale("b", 1, {}, { transaction_id: undefined, order_id: "1001" }),
      ],
      { b: "a" },
    ],
    ["the page and its server", [sale("a", 0), sale("b", 1, { source_id: "key_1" })], { b: "a" }],
    [
      "another amount from the same site: a transaction is one sale",
      [sale("a", 0), sale("b", 1, { value_minor: 5000 })],
      { b: "a" },
    ],
    [
      "two shops with an order 1001 each",
      [sale("a", 0), sale("b", 1, { source_id: "site_2", value_minor: 700 })],
      {},
    ],
    ["two orders", [sale("a", 0), sale("b", 1, {}, { transaction_id: "1002" })], {}],
    [
      "sales without an id",
      [sale("a", 0, {}, { transaction_id: "" }), sale("b", 1, {}, { transaction_id: "" })],
      {},
    ],
    ["a refund of it", [sale("a", 0), sale("b", 1, { name: "refund" })], {}],
    ["a machine that came first", [sale("bot", 0), sale("b", 1), sale("c", 2)], { c: "b" }],
    ["another workspace's", [sale("a", 0), sale("b", 1, { workspace_id: 999 })], {}],
  ])("%s", async (_case, facts, expected) => {
    const workspaceId = await nextWorkspace();
    const own = facts.map((one) => ({
      ...one,
      workspace_id: one.workspace_id === 1 ? workspaceId : one.workspace_id + workspaceId,
    }));
    await take(shuffled(own, workspaceId));
    const { db } = database;
    const rows = await db.all<{ event_id: string; repeat_of: string | null }>(sql`
      SELECT e.event_id, ${repeatOf(workspaceId, sql`e.seq`)} AS repeat_of
      FROM events AS e WHERE e.workspace_id = ${workspaceId}`);
    const found = rows.flatMap((row) => (row.repeat_of ? [[row.event_id, row.repeat_of]] : []));
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  let workspaces = 0;

  async function nextWorkspace(): Promise<number> {
    workspaces += 1;
    return workspaces * 10_000;
  }

  /** In slices of one event: what is found must not depend on how the log was cut. */
  async function take(facts: readonly EventRow[]): Promise<void> {
    const { db } = database;
    const projection = createTransactionsProjection(engine);
    if (engine === "postgres") await createPartitions(db, JSON.stringify(facts));
    const [{ seq = 0 } = {}] = await db.all<{ seq: number }>(
      sql`SELECT COALESCE(MAX(seq), 0) AS seq FROM events`,
    );
    await db.batch([insertEvents(engine, JSON.stringify(facts))]);
    // PostgreSQL shows a row only when older transactions of other tests have ended.
    const fresh = await vi.waitUntil(async () => {
      const events = await readEvents(db, { txid: 0, seq: 0 }, 1000);
      const own = events.filter((event) => event.seq > seq);
      return own.length === facts.length && own;
    }, 10_000);
    for (const event of fresh) {
      await db.batch([
        ...(await projection.handle({ events: [event], changes: [], table: tableOf(1) }, db)),
      ]);
      if (event.event_id !== "bot") continue;
      await db.run(sql`
        INSERT INTO verdicts_g1 (
          workspace_id, seq, verdict, certainty, score, reasons, rules_version)
        VALUES (${event.workspace_id}, ${event.seq}, 'machine', 'high', 100, '[]', 1)`);
    }
  }
});

function sale(
  id: string,
  minutes: number,
  over: Partial<EventRow> = {},
  properties: Record<string, unknown> = {},
): EventRow {
  return {
    ...fact(1, id, minutes * MINUTE, { source: "site", type: "track", source_id: "site_1" }),
    name: "purchase",
    value_minor: 4990,
    currency: "EUR",
    properties: { transaction_id: "1001", ...properties },
    ...over,
  };
}
