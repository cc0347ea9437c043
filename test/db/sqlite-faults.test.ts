import { existsSync, statSync } from "node:fs";
import { mkdir, mkdtemp, open, rename, rm, unlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Db } from "../../src/db/db.ts";
import { sql } from "../../src/db/sql.ts";
import { openSqlite, type SqliteOptions } from "../../src/db/sqlite/adapter.ts";

const unavailable = expect.objectContaining({ code: "storage_unavailable", status: 503 });
const insert = sql`INSERT INTO clicks (id) VALUES (NULL)`;
const count = sql`SELECT COUNT(*) AS n FROM clicks`;
const countUpTo = (n: number) => sql`
  WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${n})
  SELECT MAX(n) AS n FROM numbers`;

describe("SQLite under faults", () => {
  let folder: string;
  let file: string;
  let opened: Db[];

  function openDb(options: Partial<SqliteOptions> = {}): Db {
    const db = openSqlite({ file, busyTimeoutMs: 50, lockWaitMs: 200, ...options });
    opened.push(db);
    return db;
  }
  async function openFilled(options: Partial<SqliteOptions> = {}): Promise<Db> {
    const db = openDb(options);
    await db.run(sql`CREATE TABLE clicks (id INTEGER PRIMARY KEY, body TEXT)`);
    await db.run(insert);
    return db;
  }

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-faults-"));
    file = path.join(folder, "data", "clicktrail.db");
    opened = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((db) => db.close()));
    await rm(folder, { recursive: true, force: true });
  });

  describe("a lock held by another process", () => {
    let rival: Database.Database;
    let db: Db;
    beforeEach(async () => {
      db = await openFilled();
      rival = new Database(file, { timeout: 0 });
      rival.exec("BEGIN EXCLUSIVE");
    });
    afterEach(() => rival.close());

    it("fails a write after its wait, lets reads go on, and heals", async () => {
      await expect(db.run(insert)).rejects.toEqual(unavailable);
      expect(await db.get(count)).toEqual({ n: 1 });
      rival.exec("ROLLBACK");
      expect(await db.run(insert)).toBe(1);
    });

    it("fails queued writes by their own arrival, not one after the other", async () => {
      const startedAt = performance.now();
      const writes = await Promise.allSettled(Array.from({ length: 20 }, () => db.run(insert)));
      expect(writes.map(({ status }) => status)).toEqual(writes.map(() => "rejected"));
      // One after the other would take 20 waits of 200 ms.
      expect(performance.now() - startedAt).toBeLessThan(2500);
    });

    it("lets a write through that is still waiting when the lock goes", async () => {
      const patient = openDb({ lockWaitMs: 20_000 });
      const write = patient.run(insert);
      await db.run(insert).catch(() => undefined);
      rival.exec("ROLLBACK");
      expect(await write).toBe(1);
    });

    it("blocks neither the event loop nor the readers meanwhile", async () => {
      const blocked = openDb({ busyTimeoutMs: 1500, lockWaitMs: 1500 });
      const write = blocked.run(insert).then(
        () => "stored",
        () => "refused",
      );
      let longestMs = 0;
      let last = performance.now();
      const timer = setInterval(() => {
        longestMs = Math.max(longestMs, performance.now() - last);
        last = performance.now();
      }, 5);
      let reads = 0;
      while ((await Promise.race([write, blocked.get(count)])) !== "refused") reads += 1;
      clearInterval(timer);
      expect(reads).toBeGreaterThan(20);
      // A lock waited for on the main thread would show as one gap of 1500 ms.
      expect(longestMs).toBeLessThan(700);
    });
  });

  it("refuses a write on a full disk, reads on, and writes again once there is room", async () => {
    const body = "x".repeat(4000);
    const fill = sql`INSERT INTO clicks (body) VALUES (${body})`;
    const db = await openFilled({ maxPageCount: 20 });
    const writes = await Promise.allSettled(Array.from({ length: 40 }, () => db.run(fill)));
    const refused = writes.find((write) => write.status === "rejected");
    expect(refused?.reason).toEqual(unavailable);
    expect(refused?.reason).toMatchObject({ hint: expect.stringContaining("disk space") });
    const stored = writes.filter(({ status }) => status === "fulfilled").length;
    expect(await db.get(count)).toEqual({ n: stored + 1 });

    await db.run(sql`DELETE FROM clicks`);
    expect(await db.run(fill)).toBe(1);
  });

  it("never takes a write into a file that was deleted under it, and heals when it is back", async () => {
    const db = await openFilled();
    const away = path.join(folder, "away.db");
    await rename(file, away);
    await expect(db.run(insert)).rejects.toEqual(unavailable);
    await expect(db.get(count)).rejects.toEqual(unavailable);
    // An empty file in its place would hide the loss.
    expect(existsSync(file)).toBe(false);

    await rename(away, file);
    expect(await db.run(insert)).toBe(1);
    expect(await db.get(count)).toEqual({ n: 2 });
  });

  it("notices another file in its place", async () => {
    const db = await openFilled();
    await db.get(count);
    await unlink(file);
    const other = new Database(file);
    other.exec("CREATE TABLE clicks (id INTEGER PRIMARY KEY, body TEXT)");
    other.close();
    expect(await db.run(insert)).toBe(1);
    expect(await db.get(count)).toEqual({ n: 1 });
  });

  it("starts with no file and no folder: reads fail until the first write makes them", async () => {
    const db = openDb();
    await expect(db.get(count)).rejects.toEqual(unavailable);
    await db.run(sql`CREATE TABLE clicks (id INTEGER PRIMARY KEY)`);
    expect(await db.get(count)).toEqual({ n: 0 });
  });

  it.each([
    ["a file that is no database", () => writeFile(file, "A".repeat(8192))],
    ["a folder in the file's place", () => mkdir(file)],
  ])("answers storage_unavailable for %s, and heals when it is gone", async (_case, breakFile) => {
    await mkdir(path.dirname(file));
    await breakFile();
    const db = openDb();
    await expect(db.run(insert)).rejects.toEqual(unavailable);
    await expect(db.get(count)).rejects.toEqual(unavailable);
    await rm(file, { recursive: true });
    await db.run(sql`CREATE TABLE clicks (id INTEGER PRIMARY KEY)`);
    expect(await db.run(insert)).toBe(1);
  });

  it("answers storage_unavailable where a page was overwritten", async () => {
    const body = "x".repeat(3000);
    const db = await openFilled();
    await db.batch(
      Array.from({ length: 20 }, () => sql`INSERT INTO clicks (body) VALUES (${body})`),
    );
    await db.close();
    const handle = await open(file, "r+");
    await handle.write(Buffer.alloc(4096, 0x41), 0, 4096, 2 * 4096);
    await handle.close();

    const again = openDb();
    await expect(again.get(sql`SELECT SUM(LENGTH(body)) AS n FROM clicks`)).rejects.toEqual(
      unavailable,
    );
  });

  it("stops a read that takes too long, and serves others meanwhile", async () => {
    // The limit counts from the call: on a busy machine the start of a thread is part of it.
    const db = await openFilled({ readTimeoutMs: 1000, readers: 2 });
    const finished: string[] = [];
    const long = db.get(countUpTo(15_000_000)).catch((error: unknown) => {
      finished.push("long");
      return error;
    });
    await db.get(count).then(() => finished.push("short"));
    await db.run(insert).then(() => finished.push("write"));
    expect(await long).toEqual(unavailable);
    expect(finished).toEqual(["short", "write", "long"]);
    // Both slots work again.
    const [a, b] = await Promise.all([db.get(count), db.get(count)]);
    expect([a, b]).toEqual([{ n: 2 }, { n: 2 }]);
  });

  it("answers reads while a long write runs", async () => {
    const db = await openFilled();
    const finished: string[] = [];
    const write = db
      .run(sql`INSERT INTO clicks (body) SELECT n FROM (${countUpTo(1_500_000)})`)
      .then(() => finished.push("write"));
    await db.get(count).then(() => finished.push("read"));
    await write;
    expect(finished).toEqual(["read", "write"]);
  });

  it("empties the write-ahead log although reads overlap without end", async () => {
    const db = await openFilled({ forcedWalBytes: 500_000 });
    const [one, two] = [new Database(file), new Database(file)];
    let [ending, beginning] = [two, one];
    const turn = () => {
      [ending, beginning] = [beginning, ending];
      beginning.exec("BEGIN");
      beginning.prepare("SELECT COUNT(*) FROM clicks").get();
      if (ending.inTransaction) ending.exec("COMMIT");
    };
    turn();
    const timer = setInterval(turn, 50);
    const sizes: number[] = [];
    for (let round = 0; round < 130; round++) {
      await db.run(sql`INSERT INTO clicks (body) VALUES (${"x".repeat(20_000)})`);
      sizes.push(statSync(`${file}-wal`).size);
    }
    clearInterval(timer);
    one.close();
    two.close();
    expect(sizes.some((bytes, at) => bytes < (sizes[at - 1] ?? 0))).toBe(true);
  });

  it("leaves one file behind when it closes: the write-ahead log is emptied", async () => {
    const db = await openFilled();
    await db.get(count);
    await db.close();
    expect(existsSync(file)).toBe(true);
    expect(existsSync(`${file}-wal`)).toBe(false);
  });
});
