import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Db } from "../../src/db/db.ts";
import { openPostgres, type PostgresOptions } from "../../src/db/postgres.ts";
import { sql } from "../../src/db/sql.ts";
import { createEmptyDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import { runOn, startPostgres } from "../support/postgres.ts";

const unavailable = expect.objectContaining({ code: "storage_unavailable", status: 503 });
const insert = sql`INSERT INTO clicks (workspace_id) VALUES (1)`;
const count = sql`SELECT COUNT(*) AS n FROM clicks`;

describe.runIf(testEngines.includes("postgres"))("PostgreSQL under faults", () => {
  let database: TestDatabase;
  let opened: Db[];

  function openDb(options: Partial<PostgresOptions> = {}): Db {
    const db = openPostgres({ url: database.location, lockWaitMs: 200, ...options });
    opened.push(db);
    return db;
  }

  beforeEach(async () => {
    database = await createEmptyDatabase("postgres");
    opened = [];
    await database.db.run(sql`CREATE TABLE clicks (workspace_id BIGINT, n BIGINT DEFAULT 0)`);
  });
  afterEach(async () => {
    await Promise.all(opened.map((db) => db.close()));
    await database.dispose();
  });

  it("fails a write that waits too long for a lock, lets reads go on, and heals", async () => {
    const db = openDb();
    await db.run(insert);
    const rival = openDb();
    const held = rival.batch([sql`UPDATE clicks SET n = 1`, sql`SELECT pg_sleep(1.5)`]);
    await waitForQuery("pg_sleep");
    await expect(db.run(sql`UPDATE clicks SET n = 2`)).rejects.toEqual(unavailable);
    expect(await db.get(count)).toEqual({ n: 1 });
    await held;
    expect(await db.run(sql`UPDATE clicks SET n = 2`)).toBe(1);
  });

  it("stops a read that takes too long", async () => {
    const db = openDb({ readTimeoutMs: 100 });
    await expect(db.get(sql`SELECT pg_sleep(30)`)).rejects.toMatchObject({
      code: "storage_unavailable",
      hint: "Ask for a shorter time range or fewer rows.",
    });
    expect(await db.get(count)).toEqual({ n: 0 });
  });

  it("lets a batch of its own limit run longer than others", async () => {
    const db = openDb({ writeTimeoutMs: 50 });
    const slow = [sql`SELECT pg_sleep(0.2)`, insert];
    await expect(db.batch(slow)).rejects.toEqual(unavailable);
    expect(await db.batch(slow, { timeoutMs: 60_000 })).toEqual([1, 1]);
    await expect(db.batch(slow)).rejects.toEqual(unavailable);
    expect(await db.get(count)).toEqual({ n: 1 });
  });

  it("undoes a batch whose connection is cut, and heals at once", async () => {
    const db = openDb();
    const batch = db.batch([insert, sql`SELECT pg_sleep(30)`]);
    const outcome = expect(batch).rejects.toEqual(unavailable);
    await waitForQuery("pg_sleep");
    await cutAll();
    await outcome;
    expect(await db.batch([insert])).toEqual([1]);
    expect(await db.get(count)).toEqual({ n: 1 });
  });

  it("replaces connections that were cut while idle", async () => {
    const errors: Error[] = [];
    const db = openDb({ onIdleError: (error) => errors.push(error) });
    await Promise.all([db.run(insert), db.get(count)]);
    await cutAll();
    await expect.poll(() => errors.length).toBe(2);
    expect(await db.run(insert)).toBe(1);
    expect(await db.get(count)).toEqual({ n: 2 });
  });

  it("tries a batch again that lost a deadlock", async () => {
    await database.db.batch([insert, sql`INSERT INTO clicks (workspace_id) VALUES (2)`]);
    const db = openDb({ lockWaitMs: 20_000 });
    const add = (workspace: number) =>
      sql`UPDATE clicks SET n = n + 1 WHERE workspace_id = ${workspace}`;
    const pause = sql`SELECT pg_sleep(0.2)`;
    await Promise.all([db.batch([add(1), pause, add(2)]), db.batch([add(2), pause, add(1)])]);
    expect(await db.all(sql`SELECT n FROM clicks`)).toEqual([{ n: 2 }, { n: 2 }]);
  });

  it("serves more callers than it has connections", async () => {
    const db = openDb({ poolSize: 2 });
    await Promise.all(Array.from({ length: 200 }, () => db.run(insert)));
    expect(await db.get(count)).toEqual({ n: 200 });
  });

  it.each([
    ["nobody listens", "postgres://postgres@127.0.0.1:1/postgres"],
    ["the name does not resolve", "postgres://postgres@nowhere.invalid/postgres"],
  ])("answers storage_unavailable where %s", async (_case, url) => {
    const db = openPostgres({ url });
    opened.push(db);
    await expect(db.run(insert)).rejects.toEqual(unavailable);
    await expect(db.get(count)).rejects.toEqual(unavailable);
  });

  it("answers storage_unavailable for a database that does not exist", async () => {
    const db = openDb({ url: `${database.location}_missing` });
    await expect(db.run(insert)).rejects.toMatchObject({
      code: "storage_unavailable",
      hint: expect.stringContaining("DATABASE_URL"),
    });
  });

  it("gives up on a server that is silent, and heals when it speaks again", async () => {
    const server = await startPostgres();
    const limits = { readTimeoutMs: 100, writeTimeoutMs: 100, connectTimeoutMs: 500 };
    const db = openDb({ url: server.url, ...limits });
    try {
      const pid = await db.get<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`);
      if (!pid) throw new Error("Expected a backend");
      process.kill(pid.pid, "SIGSTOP");
      await expect(db.get(sql`SELECT 1 AS one`)).rejects.toEqual(unavailable);
      process.kill(pid.pid, "SIGCONT");
      expect(await db.get(sql`SELECT 1 AS one`)).toEqual({ one: 1 });
    } finally {
      await db.close();
      await server.stop();
    }
  });

  async function waitForQuery(part: string): Promise<void> {
    const running = `SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'active'
        AND pid <> pg_backend_pid() AND query LIKE '%${part}%'`;
    await expect.poll(async () => (await runOn(database.location, running)).length).toBe(1);
  }

  async function cutAll(): Promise<void> {
    await runOn(
      database.location,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
  }
});
