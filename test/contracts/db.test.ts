import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { identifier, jsonRows, type Sql, sql } from "../../src/db/sql.ts";
import {
  createEmptyDatabase,
  openAgain,
  type TestDatabase,
  testEngines,
} from "../support/database.ts";

interface Item {
  id: number;
  label: string | null;
}

const unavailable = expect.objectContaining({ code: "storage_unavailable", status: 503 });

describe.each(testEngines)("the storage port on %s", (engine) => {
  let database: TestDatabase;
  const insert = (id: number, label: string | null = null): Sql =>
    sql`INSERT INTO items (workspace_id, id, label) VALUES (1, ${id}, ${label})`;
  const items = (): Promise<Item[]> =>
    database.db.all<Item>(sql`SELECT id, label FROM items WHERE workspace_id = 1 ORDER BY id`);

  beforeAll(async () => {
    database = await createEmptyDatabase(engine);
    await database.db.run(sql`
      CREATE TABLE items (
        workspace_id BIGINT NOT NULL,
        id           BIGINT NOT NULL,
        label        TEXT,
        amount       BIGINT,
        ratio        REAL,
        PRIMARY KEY (workspace_id, id)
      )`);
  });
  beforeEach(() => database.db.run(sql`DELETE FROM items`));
  afterAll(() => database.dispose());

  describe("bulk inserts", () => {
    const bulk = (rows: unknown[]) => ({
      into: identifier("items"),
      columns: ["workspace_id", "id", "label", "amount"],
      rows: JSON.stringify(rows),
    });

    it("take columns by name: missing ones are null, objects become JSON", async () => {
      const rows = [
        { id: 1, workspace_id: 1, label: "a", amount: 9_007_199_254_740_991, other: "ignored" },
        { workspace_id: 1, id: 2 },
        { workspace_id: 1, id: 3, label: { k: [1] } },
      ];
      expect(await database.db.batch([bulk(rows)])).toEqual([3]);
      expect(await database.db.batch([bulk([])])).toEqual([0]);
      const [first, second, third] = await database.db.all<Item & { amount: number }>(
        sql`SELECT id, label, amount FROM items ORDER BY id`,
      );
      expect(first).toEqual({ id: 1, label: "a", amount: 9_007_199_254_740_991 });
      expect(second).toEqual({ id: 2, label: null, amount: null });
      expect(JSON.parse(third?.label ?? "")).toEqual({ k: [1] });
    });

    it("pass over rows whose key is there already, also within themselves", async () => {
      await database.db.run(insert(3, "first"));
      const rows = Array.from({ length: 25 }, (_, index) => ({
        workspace_id: 1,
        id: index % 20,
        label: "later",
      }));
      expect(await database.db.batch([bulk(rows)])).toEqual([19]);
      expect(await items()).toContainEqual({ id: 3, label: "first" });
    });

    it("are part of their batch: a failed guard takes them back", async () => {
      const guard = { statement: sql`DELETE FROM items WHERE id = 99`, changes: 1 };
      await expect(
        database.db.batch([bulk([{ workspace_id: 1, id: 1 }]), guard]),
      ).rejects.toMatchObject({ code: "stale_write" });
      expect(await items()).toEqual([]);
    });
  });

  describe("reads", () => {
    it("gives every row, in order, as objects", async () => {
      await database.db.batch([insert(2, "b"), insert(1, "a")]);
      expect(await items()).toEqual([
        { id: 1, label: "a" },
        { id: 2, label: "b" },
      ]);
    });

    it("gives the first row, or undefined where there is none", async () => {
      await database.db.batch([insert(1), insert(2)]);
      const query = (least: number): Sql =>
        sql`SELECT id FROM items WHERE workspace_id = 1 AND id >= ${least} ORDER BY id`;
      expect(await database.db.get(query(2))).toEqual({ id: 2 });
      expect(await database.db.get(query(1))).toEqual({ id: 1 });
      expect(await database.db.get(query(3))).toBeUndefined();
    });

    it("sees what was written before it", async () => {
      for (let id = 1; id <= 20; id += 1) {
        await database.db.run(insert(id));
        expect(await items()).toHaveLength(id);
      }
    });

    it("refuses to write", async () => {
      await expect(database.db.all(insert(1))).rejects.toThrow(/INSERT INTO items|may not write/);
      await expect(database.db.get(sql`DELETE FROM items RETURNING id`)).rejects.toThrow();
      expect(await items()).toEqual([]);
    });

    it("sees the columns that a later migration added", async () => {
      const query = sql`SELECT * FROM widening`;
      await database.db.batch([
        sql`CREATE TABLE widening (a BIGINT)`,
        sql`INSERT INTO widening (a) VALUES (1)`,
      ]);
      expect(await database.db.all(query)).toEqual([{ a: 1 }]);
      await database.db.run(sql`ALTER TABLE widening ADD COLUMN b TEXT`);
      expect(await database.db.all(query)).toEqual([{ a: 1, b: null }]);
    });
  });

  describe("values", () => {
    it.each([
      ["an empty text", ""],
      ["quotes and backslashes", `it's "quoted" \\ and ? $1 :name @x`],
      ["Unicode outside the first plane", "Ünï 日本 👩‍👩‍👧"],
      ["line ends and tabs", "a\r\nb\tc"],
      ["a text of digits with a leading zero", "007"],
      ["null", null],
    ])("keeps %s", async (_case, label) => {
      await database.db.run(insert(1, label));
      expect(await items()).toEqual([{ id: 1, label }]);
    });

    it("keeps any storable text", async () => {
      const storable = fc
        .string({ unit: "binary", maxLength: 60 })
        .filter((text) => !text.includes("\0") && text.isWellFormed());
      await fc.assert(
        fc.asyncProperty(storable, async (label) => {
          await database.db.batch([sql`DELETE FROM items`, insert(1, label)]);
          expect(await items()).toEqual([{ id: 1, label }]);
        }),
        { numRuns: 30 },
      );
    });

    it.each([0, -1, 2 ** 31, -(2 ** 31) - 1, 1_700_000_000_000, Number.MAX_SAFE_INTEGER])(
      "gives the BIGINT %d back as a number",
      async (amount) => {
        const { db } = database;
        await db.run(sql`INSERT INTO items (workspace_id, id, amount) VALUES (1, 1, ${amount})`);
        await db.run(
          sql`INSERT INTO items (workspace_id, id, amount) VALUES (1, 2, ${BigInt(amount)})`,
        );
        expect(
          await db.all(sql`SELECT amount FROM items WHERE workspace_id = 1 AND amount = ${amount}`),
        ).toEqual([{ amount }, { amount }]);
      },
    );

    it("gives counts, sums, averages and comparisons as numbers", async () => {
      const add = (id: number, amount: number): Sql =>
        sql`INSERT INTO items (workspace_id, id, amount, ratio) VALUES (1, ${id}, ${amount}, ${0.5})`;
      await database.db.batch([add(1, 3_000_000_000), add(2, 1)]);
      expect(
        await database.db.get(sql`
          SELECT COUNT(*) AS n, SUM(amount) AS total, AVG(ratio) AS mean, MAX(id) > 1 AS many
          FROM items
          WHERE workspace_id = 1`),
      ).toEqual({ n: 2, total: 3_000_000_001, mean: 0.5, many: 1 });
    });

    it("turns a whole number into text without a fraction", async () => {
      expect(await database.db.get(sql`SELECT CAST(CAST(${5} AS BIGINT) AS TEXT) AS text`)).toEqual(
        { text: "5" },
      );
    });

    it("keeps bytes", async () => {
      const type = engine === "sqlite" ? sql`BLOB` : sql`BYTEA`;
      const bytes = Buffer.from([0, 1, 127, 128, 255]);
      await database.db.batch([
        sql`CREATE TABLE blobs (bytes ${type})`,
        sql`INSERT INTO blobs (bytes) VALUES (${bytes})`,
      ]);
      expect(await database.db.get(sql`SELECT bytes FROM blobs`)).toEqual({ bytes });
    });

    it.each([
      ["a boolean", true],
      ["undefined", undefined],
      ["not a number", Number.NaN],
      ["infinity", Number.POSITIVE_INFINITY],
      ["a date", new Date(0)],
      ["an object", { a: 1 }],
    ])("refuses %s rather than guess", async (_case, value) => {
      const statement = sql`INSERT INTO items (workspace_id, id, label) VALUES (1, 1, ${value})`;
      await expect(database.db.run(statement)).rejects.toThrow(/can't be bound.*INSERT INTO items/);
      await expect(database.db.batch([statement])).rejects.toThrow(TypeError);
      await expect(database.db.all(sql`SELECT ${value}`)).rejects.toThrow(TypeError);
    });

    it("reads a bound JSON array as rows", async () => {
      const json = JSON.stringify([
        { id: 7, label: "it's ünï" },
        { id: 8, label: null },
      ]);
      await database.db.run(sql`
        INSERT INTO items (workspace_id, id, label)
        SELECT 1, CAST(r.value ->> 'id' AS BIGINT), r.value ->> 'label'
        FROM ${jsonRows(engine, json)}`);
      expect(await items()).toEqual([
        { id: 7, label: "it's ünï" },
        { id: 8, label: null },
      ]);
    });

    it("finds and keeps text with a NUL as its replacement, as PostgreSQL takes none", async () => {
      await database.db.run(insert(1, "a\0b"));
      const found = sql`SELECT label FROM items WHERE label = ${"a\0b"}`;
      expect(await database.db.all(found)).toEqual([{ label: "a\uFFFDb" }]);
    });

    it("gives JSON as text", async () => {
      const type = engine === "sqlite" ? sql`TEXT` : sql`JSONB`;
      const json = JSON.stringify({ a: [1, "é"], b: { c: null } });
      await database.db.batch([
        sql`CREATE TABLE documents (body ${type} NOT NULL)`,
        sql`INSERT INTO documents (body) VALUES (${json})`,
      ]);
      const row = await database.db.get<{ body: string }>(sql`SELECT body FROM documents`);
      expect(JSON.parse(row?.body ?? "")).toEqual(JSON.parse(json));
    });
  });

  describe("writes", () => {
    it("says how many rows a write changed", async () => {
      const { db } = database;
      expect(await db.run(insert(1))).toBe(1);
      await db.run(insert(2));
      expect(await db.run(sql`UPDATE items SET label = 'x' WHERE workspace_id = 1`)).toBe(2);
      expect(await db.run(sql`DELETE FROM items WHERE workspace_id = 9`)).toBe(0);
      expect(await db.run(sql`CREATE TABLE IF NOT EXISTS items (a BIGINT)`)).toBe(0);
      const again = sql`${insert(1)} ON CONFLICT (workspace_id, id) DO NOTHING`;
      expect(await db.batch([again, sql`DELETE FROM items RETURNING id`])).toEqual([0, 2]);
    });

    it("takes an empty batch", async () => {
      expect(await database.db.batch([])).toEqual([]);
    });

    it("keeps a batch whole: one wrong statement undoes all of it", async () => {
      await expect(database.db.batch([insert(1), insert(2), insert(1)])).rejects.toThrow();
      expect(await items()).toEqual([]);
    });

    it("lets later statements of a batch see the earlier ones", async () => {
      await database.db.batch([
        insert(1, "a"),
        sql`INSERT INTO items (workspace_id, id, label)
            SELECT workspace_id, id + 1, label FROM items WHERE workspace_id = 1`,
      ]);
      expect(await items()).toEqual([
        { id: 1, label: "a" },
        { id: 2, label: "a" },
      ]);
    });

    it("undoes a batch whose guard does not hold", async () => {
      await database.db.run(insert(1, "cursor at 5"));
      const move = (from: string): Sql =>
        sql`UPDATE items SET label = 'moved' WHERE workspace_id = 1 AND label = ${from}`;
      await expect(
        database.db.batch([insert(2), { statement: move("cursor at 4"), changes: 1 }, insert(3)]),
      ).rejects.toMatchObject({ code: "stale_write", status: 409 });
      expect(await items()).toEqual([{ id: 1, label: "cursor at 5" }]);

      const changes = await database.db.batch([
        { statement: move("cursor at 5"), changes: 1 },
        insert(2),
      ]);
      expect(changes).toEqual([1, 1]);
    });

    it("goes on after a failed batch", async () => {
      await expect(database.db.batch([insert(1), insert(1)])).rejects.toThrow();
      await expect(database.db.run(sql`INSERT INTO missing VALUES (1)`)).rejects.toThrow();
      expect(await database.db.run(insert(1))).toBe(1);
    });

    it("takes many writes at once and loses none", async () => {
      const ids = Array.from({ length: 300 }, (_, id) => id);
      await Promise.all(ids.map((id) => database.db.run(insert(id))));
      expect((await items()).map(({ id }) => id)).toEqual(ids);
    });

    it("adds up concurrent increments", async () => {
      await database.db.run(sql`INSERT INTO items (workspace_id, id, amount) VALUES (1, 1, 0)`);
      const increment = sql`UPDATE items SET amount = amount + 1 WHERE workspace_id = 1 AND id = 1`;
      const other = openAgain(database);
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => (i % 2 ? other : database.db).batch([increment])),
      );
      await other.close();
      expect(await database.db.get(sql`SELECT amount FROM items`)).toEqual({ amount: 50 });
    });

    it("lets one of two rivals win a guarded cursor", async () => {
      await database.db.run(insert(1, "start"));
      const other = openAgain(database);
      const claim = (by: string): Sql =>
        sql`UPDATE items SET label = ${by} WHERE workspace_id = 1 AND label = 'start'`;
      const outcomes = await Promise.allSettled([
        database.db.batch([{ statement: claim("a"), changes: 1 }, insert(2, "a")]),
        other.batch([{ statement: claim("b"), changes: 1 }, insert(2, "b")]),
      ]);
      await other.close();
      expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      const [cursor, work] = await items();
      expect(work?.label).toBe(cursor?.label);
    });
  });

  describe("errors", () => {
    it("names the statement that was wrong, and the engine's code", async () => {
      const wrong = sql`
        INSERT INTO missing_table
        VALUES (1)`;
      await expect(database.db.batch([insert(1), wrong])).rejects.toThrow(
        /in: INSERT INTO missing_table$/,
      );
      await expect(database.db.all(sql`SELECT nonsense FROM items`)).rejects.toThrow(
        /in: SELECT nonsense FROM items$/,
      );
      await expect(database.db.batch([insert(1), insert(1)])).rejects.toMatchObject({
        code: engine === "sqlite" ? "SQLITE_CONSTRAINT_PRIMARYKEY" : "23505",
      });
    });

    it("never calls a wrong statement an outage", async () => {
      await expect(database.db.run(sql`SELEC 1`)).rejects.not.toMatchObject({
        code: "storage_unavailable",
      });
    });

    it("answers storage_unavailable after close, which may be asked twice", async () => {
      const other = openAgain(database);
      await other.run(insert(1));
      await other.close();
      await other.close();
      await expect(other.run(insert(2))).rejects.toEqual(unavailable);
      await expect(other.batch([insert(2)])).rejects.toEqual(unavailable);
      await expect(other.all(sql`SELECT 1`)).rejects.toEqual(unavailable);
    });

    it("closes without ever having been used", async () => {
      await expect(openAgain(database).close()).resolves.toBeUndefined();
    });
  });

  it("finishes what was accepted before it closes", async () => {
    const other = openAgain(database);
    const writes = Array.from({ length: 100 }, (_, id) => other.run(insert(id)));
    const reads = Array.from({ length: 20 }, () => other.get(sql`SELECT 1 AS one`));
    await other.close();
    expect(await Promise.all(writes)).toEqual(writes.map(() => 1));
    expect(await Promise.all(reads)).toEqual(reads.map(() => ({ one: 1 })));
    expect(await items()).toHaveLength(100);
  });
});
