import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Db } from "../../src/db/db.ts";
import { migrate, migrationStatus } from "../../src/db/migrate.ts";
import { readMigrations } from "../../src/db/migration-files.ts";
import { sql } from "../../src/db/sql.ts";
import {
  createEmptyDatabase,
  openAgain,
  type TestDatabase,
  testEngines,
} from "../support/database.ts";

const REAL_MIGRATIONS = fileURLToPath(new URL("../../migrations", import.meta.url));
const CHILD = fileURLToPath(new URL("../support/migrate-child.mjs", import.meta.url));
const KILLER = new URL("../support/kill-at-statement.mjs", import.meta.url).href;

const FIRST = `
  -- The first release.
  CREATE TABLE notes (workspace_id BIGINT NOT NULL, id BIGINT NOT NULL, body TEXT NOT NULL);
  CREATE UNIQUE INDEX notes_key ON notes (workspace_id, id);
  INSERT INTO notes (workspace_id, id, body) VALUES (1, 1, 'a; b'), (1, 2, 'it''s');`;
const SECOND = `
  ALTER TABLE notes ADD COLUMN length BIGINT;
  UPDATE notes SET length = LENGTH(body);
  CREATE TABLE tags (workspace_id BIGINT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (workspace_id, tag));
  INSERT INTO tags (workspace_id, tag) SELECT DISTINCT workspace_id, body FROM notes;`;
const THIRD = {
  sqlite: "CREATE TRIGGER no_tags AFTER DELETE ON notes BEGIN DELETE FROM tags; END;",
  postgres: "DO $$ BEGIN CREATE TABLE late (id BIGINT); CREATE INDEX late_id ON late (id); END $$;",
};
const ALL = ["0001_first", "0002_second", "0003_third"];

describe.each(testEngines)("migrate on %s", (engine) => {
  let database: TestDatabase;
  let db: Db;
  let folder: string;
  beforeEach(async () => {
    database = await createEmptyDatabase(engine);
    db = database.db;
    folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-migrations-"));
    await add("0001_first.sql", FIRST);
    await add("0002_second.sql", SECOND);
    await add("0003_third.sqlite.sql", THIRD.sqlite);
    await add("0003_third.postgres.sql", THIRD.postgres);
  });
  afterEach(async () => {
    await database.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const add = (name: string, script: string): Promise<void> =>
    writeFile(path.join(folder, name), script);

  it("applies every migration once, in order, and says which", async () => {
    expect(await migrate(db, folder)).toEqual({ applied: ALL });
    expect(await migrate(db, folder)).toEqual({ applied: [] });
    expect(await db.all(sql`SELECT body, length FROM notes ORDER BY id`)).toEqual([
      { body: "a; b", length: 4 },
      { body: "it's", length: 4 },
    ]);
  });

  it("records when, and the checksum", async () => {
    await migrate(db, folder, () => 1_700_000_000_000);
    const [first] = await db.all(sql`SELECT * FROM schema_migrations ORDER BY number`);
    expect(first).toEqual({
      number: 1,
      name: "0001_first",
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      applied_at: 1_700_000_000_000,
    });
  });

  it("brings a filled older database up to date", async () => {
    await rename(path.join(folder, "0002_second.sql"), path.join(folder, "later"));
    await migrate(db, folder);
    await db.run(sql`INSERT INTO notes (workspace_id, id, body) VALUES (1, 3, 'xyz')`);
    await rename(path.join(folder, "later"), path.join(folder, "0002_second.sql"));
    expect(await migrate(db, folder)).toEqual({ applied: ["0002_second"] });
    expect(await db.get(sql`SELECT length FROM notes WHERE id = 3`)).toEqual({ length: 3 });
  });

  it("tells what is applied and what is pending, and changes nothing", async () => {
    await db.run(sql`CREATE TABLE before_us (id BIGINT)`);
    expect(await migrationStatus(db, folder)).toEqual({ applied: [], pending: ALL, unknown: [] });
    await migrate(db, folder);
    await add("0004_new.sql", "CREATE TABLE later (workspace_id BIGINT)");
    await rename(path.join(folder, "0001_first.sql"), path.join(folder, "away"));
    expect(await migrationStatus(db, folder)).toEqual({
      applied: ALL,
      pending: ["0004_new"],
      unknown: ["0001_first"],
    });
  });

  it("refuses a database that a newer release migrated, and leaves it as it is", async () => {
    await add("0004_newer.sql", "CREATE TABLE newer (workspace_id BIGINT)");
    await migrate(db, folder);
    await rm(path.join(folder, "0004_newer.sql"));
    await add("0005_mine.sql", "CREATE TABLE mine (workspace_id BIGINT)");
    const before = await describeSchema(db);
    await expect(migrate(db, folder)).rejects.toMatchObject({
      code: "newer_schema",
      message: expect.stringMatching(/^The database was migrated by a newer release .*0004_newer/),
    });
    expect(await describeSchema(db)).toEqual(before);
  });

  it("refuses a migration that was edited after it was applied", async () => {
    await migrate(db, folder);
    await add("0002_second.sql", `${SECOND} -- harmless`);
    await expect(migrate(db, folder)).rejects.toMatchObject({
      code: "cannot_start",
      message: expect.stringContaining("0002_second was edited"),
    });
  });

  it("does not mind other line ends, as Git makes them on Windows", async () => {
    await migrate(db, folder);
    await add("0002_second.sql", SECOND.replaceAll("\n", "\r\n"));
    expect(await migrate(db, folder)).toEqual({ applied: [] });
  });

  it("undoes a migration that fails half-way, keeps those before it, and goes on once it is right", async () => {
    await add("0003_third.sqlite.sql", "CREATE TABLE half (id BIGINT); SELEC 1;");
    await add("0003_third.postgres.sql", "CREATE TABLE half (id BIGINT); SELEC 1;");
    await expect(migrate(db, folder)).rejects.toThrow("SELEC 1");
    expect((await migrationStatus(db, folder)).applied).toEqual(ALL.slice(0, 2));
    await expect(db.all(sql`SELECT * FROM half`)).rejects.toThrow();

    await add("0003_third.sqlite.sql", THIRD.sqlite);
    await add("0003_third.postgres.sql", THIRD.postgres);
    expect(await migrate(db, folder)).toEqual({ applied: ["0003_third"] });
  });

  it("lets processes that start together do it once between them", async () => {
    const others = [openAgain(database), openAgain(database)];
    const results = await Promise.all([db, ...others].map((each) => migrate(each, folder)));
    await Promise.all(others.map((other) => other.close()));
    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(ALL);
  });

  it("survives kill -9 at every statement", { timeout: 120_000 }, async () => {
    await migrate(db, folder);
    const expected = await describeSchema(db);

    let kills = 0;
    for (let statement = 1; ; statement += 1) {
      const victim = await createEmptyDatabase(engine);
      const signal = await migrateInChild(victim, folder, statement);
      await migrate(victim.db, folder);
      expect(await describeSchema(victim.db)).toEqual(expected);
      await victim.dispose();
      if (signal !== "SIGKILL") break;
      kills += 1;
    }
    // History 1, migrations 4, 5 and 2 with their own rows, and BEGIN and COMMIT of these four.
    expect(kills).toBeGreaterThanOrEqual(1 + 4 + 5 + 2 + 4 * 2);
  });

  it("applies the product's own migrations", async () => {
    const { applied } = await migrate(db, REAL_MIGRATIONS);
    expect(applied[0]).toBe("0001_log");
    expect(await migrationStatus(db, REAL_MIGRATIONS)).toEqual({
      applied,
      pending: [],
      unknown: [],
    });
  });

  /** Ends with the signal, or null when it came to its end before the n-th statement. */
  function migrateInChild(
    victim: TestDatabase,
    migrations: string,
    killAt: number,
  ): Promise<NodeJS.Signals | null> {
    const child = spawn(
      process.execPath,
      ["--import", KILLER, CHILD, engine, victim.location, migrations],
      { env: { ...process.env, KILL_AT: String(killAt) }, stdio: ["ignore", "ignore", "inherit"] },
    );
    return new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
  }
});

describe("readMigrations", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-migrations-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const add = (name: string): Promise<void> => writeFile(path.join(folder, name), "SELECT 1");

  it.each(["1_short.sql", "0001-dashes.sql", "0001_Upper.sql", "0001_a.mysql.sql"])(
    "refuses the file name %s",
    async (name) => {
      await add(name);
      expect(() => readMigrations(folder, "sqlite")).toThrow(
        `Not the name of a migration: ${name}`,
      );
    },
  );

  it("refuses two migrations of one number", async () => {
    await add("0001_a.sql");
    await add("0001_b.sqlite.sql");
    expect(() => readMigrations(folder, "sqlite")).toThrow("Two migrations have the number");
    expect(readMigrations(folder, "postgres").map(({ name }) => name)).toEqual(["0001_a"]);
  });

  it("reads what is for the engine, by number, and leaves other files alone", async () => {
    for (const name of ["0010_c.sql", "0002_b.postgres.sql", "0002_b.sqlite.sql", "notes.txt"]) {
      await add(name);
    }
    const names = readMigrations(folder, "sqlite").map(({ name }) => name);
    expect(names).toEqual(["0002_b", "0010_c"]);
  });

  it("has the product's migrations of both engines in step", async () => {
    const copy = path.join(folder, "real");
    await cp(REAL_MIGRATIONS, copy, { recursive: true });
    const names = (engine: "sqlite" | "postgres") =>
      readMigrations(copy, engine).map(({ name }) => name);
    expect(names("sqlite")).toEqual(names("postgres"));
    const script = await readFile(path.join(copy, "0001_log.sqlite.sql"), "utf8");
    expect(script).toContain("CREATE TABLE events");
  });
});

/** Everything that migrations make, and the rows of their history. */
async function describeSchema(db: Db): Promise<unknown> {
  const history = await db.all(
    sql`SELECT number, name, checksum FROM schema_migrations ORDER BY number`,
  );
  const objects =
    db.engine === "sqlite"
      ? await db.all(sql`SELECT type, name, sql FROM sqlite_schema ORDER BY type, name`)
      : await db.all(sql`
          SELECT table_name, column_name, data_type, is_nullable
          FROM information_schema.columns
          WHERE table_schema = 'public'
          UNION ALL
          SELECT tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'
          ORDER BY 1, 2`);
  const hasNotes = history.length > 1;
  const notes = hasNotes ? await db.all(sql`SELECT * FROM notes ORDER BY id`) : [];
  const tags = hasNotes ? await db.all(sql`SELECT * FROM tags ORDER BY tag`) : [];
  return { history, objects, notes, tags };
}
