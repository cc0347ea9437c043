import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Db } from "../../src/db/db.ts";
import { sql } from "../../src/db/sql.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

/** What spans workspaces by nature. A new name here needs a reason in its migration. */
const SYSTEM_TABLES = ["journal_offsets", "leases", "projections", "schema_migrations"];
/** Positions in a feed: handed out by the engine, and no key that a caller may know. */
const FEED_POSITIONS = ["seq", "change_seq"];
/** The directory of workspaces: how one is named before its number is known. */
const DIRECTORY_KEY = "workspaces(slug)";

interface Key {
  table: string;
  /** Columns of one primary key, unique constraint or unique index, in order. */
  columns: string[];
}

describe.each(testEngines)("the tables on %s", (engine) => {
  let database: TestDatabase;
  let tables: string[];
  let keys: Key[];
  beforeAll(async () => {
    database = await createTestDatabase(engine);
    const { db } = database;
    tables = await (engine === "sqlite" ? sqliteTables(db) : postgresTables(db));
    keys = await (engine === "sqlite" ? sqliteKeys(db) : postgresKeys(db));
  });
  afterAll(() => database.dispose());

  it("are there, with the system tables among them", () => {
    expect(tables).toEqual(expect.arrayContaining(["events", "changes", ...SYSTEM_TABLES]));
  });

  it("have a workspace_id that can't be null, each", async () => {
    for (const table of tables.filter((name) => !SYSTEM_TABLES.includes(name))) {
      expect(await workspaceIdIsNullable(database.db, table), table).toBe(false);
    }
  });

  it("begin every key with workspace_id", () => {
    const wrong = keys
      .filter(({ table, columns }) => !SYSTEM_TABLES.includes(table) && !isScoped(columns))
      .map(({ table, columns }) => `${table}(${columns.join(", ")})`);
    expect(wrong.filter((key) => key !== DIRECTORY_KEY)).toEqual([]);
  });

  it("have a key, each", () => {
    const keyed = new Set(keys.map(({ table }) => table));
    // On PostgreSQL a key of the log would have to hold its partition column: event_keys has it.
    const unkeyed = tables.filter((table) => !keyed.has(table));
    expect(unkeyed).toEqual(engine === "sqlite" ? [] : ["events"]);
  });
});

function isScoped([first = "", ...others]: string[]): boolean {
  return first === "workspace_id" || (others.length === 0 && FEED_POSITIONS.includes(first));
}

async function sqliteTables(db: Db): Promise<string[]> {
  const rows = await db.all<{ name: string }>(sql`
    SELECT name FROM sqlite_schema
    WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
    ORDER BY name`);
  return rows.map(({ name }) => name);
}

/** `origin` pk, u or c; a single INTEGER PRIMARY KEY has no index and is read from its column. */
async function sqliteKeys(db: Db): Promise<Key[]> {
  const rows = await db.all<{ table_name: string; columns: string }>(sql`
    SELECT t.name AS table_name, group_concat(c.name ORDER BY c.seqno) AS columns
    FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
    WHERE t.type = 'table' AND i."unique" = 1
    GROUP BY t.name, i.name
    UNION ALL
    SELECT t.name, c.name
    FROM sqlite_schema t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND c.pk = 1 AND c.type = 'INTEGER'
      AND NOT EXISTS (SELECT 1 FROM pragma_index_list(t.name) i WHERE i.origin = 'pk')`);
  return rows.map(({ table_name, columns }) => ({
    table: table_name,
    columns: columns.split(","),
  }));
}

async function postgresTables(db: Db): Promise<string[]> {
  const rows = await db.all<{ name: string }>(sql`
    SELECT relname AS name FROM pg_class
    WHERE relnamespace = CAST('public' AS regnamespace) AND relkind IN ('r', 'p')
      AND NOT relispartition
    ORDER BY relname`);
  return rows.map(({ name }) => name);
}

async function postgresKeys(db: Db): Promise<Key[]> {
  const rows = await db.all<{ table_name: string; columns: string }>(sql`
    SELECT t.relname AS table_name, string_agg(a.attname, ',' ORDER BY k.position) AS columns
    FROM pg_index i
    JOIN pg_class t ON t.oid = i.indrelid
    CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, position)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
    WHERE i.indisunique AND NOT t.relispartition
      AND t.relnamespace = CAST('public' AS regnamespace)
    GROUP BY t.relname, i.indexrelid`);
  return rows.map(({ table_name, columns }) => ({
    table: table_name,
    columns: columns.split(","),
  }));
}

async function workspaceIdIsNullable(db: Db, table: string): Promise<boolean> {
  const query =
    db.engine === "sqlite"
      ? sql`SELECT "notnull" AS required FROM pragma_table_info(${table}) WHERE name = 'workspace_id'`
      : sql`
          SELECT is_nullable = 'NO' AS required FROM information_schema.columns
          WHERE table_schema = 'public' AND table_name = ${table} AND column_name = 'workspace_id'`;
  const column = await db.get<{ required: number }>(query);
  return column?.required !== 1;
}
