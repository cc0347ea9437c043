import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Db, Engine } from "../../src/db/db.ts";
import { openPostgres } from "../../src/db/postgres.ts";
import { openSqlite } from "../../src/db/sqlite/adapter.ts";
import { runOn } from "./postgres.ts";

/** A fresh database with every table of the product and no rows. */
export interface TestDatabase {
  readonly db: Db;
  /** The SQLite file, or the PostgreSQL URL: for a second connection. */
  readonly location: string;
  /** Closes and deletes it. */
  dispose(): Promise<void>;
}

/** What `global-setup.ts` hands to the workers of a run, through the environment. */
export const SHARED = {
  postgresUrl: "CLICKTRAIL_TEST_POSTGRES_URL",
  sqliteTemplate: "CLICKTRAIL_TEST_SQLITE_TEMPLATE",
  setupError: "CLICKTRAIL_TEST_SETUP_ERROR",
} as const;

/** The name of the migrated database that PostgreSQL copies for each test. */
export const POSTGRES_TEMPLATE = "clicktrail_template";

/** The engines that this machine can run: a contract suite is `describe.each(testEngines)`. */
export const testEngines: readonly Engine[] =
  process.env[SHARED.postgresUrl] === undefined ? ["sqlite"] : ["sqlite", "postgres"];

/** Makes a migrated database of its own for one test or file; dispose of it in `afterEach` or `afterAll`. */
export async function createTestDatabase(engine: Engine = "sqlite"): Promise<TestDatabase> {
  return createDatabase(engine, true);
}

/** The same without any table: for tests of the storage itself. */
export async function createEmptyDatabase(engine: Engine): Promise<TestDatabase> {
  return createDatabase(engine, false);
}

/** Another connection to the same database, as a second process would have it. */
export function openAgain({ db, location }: TestDatabase): Db {
  return db.engine === "sqlite" ? openSqlite({ file: location }) : openPostgres({ url: location });
}

async function createDatabase(engine: Engine, isMigrated: boolean): Promise<TestDatabase> {
  return engine === "sqlite" ? createSqlite(isMigrated) : createPostgres(isMigrated);
}

async function createSqlite(isMigrated: boolean): Promise<TestDatabase> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-db-"));
  const location = path.join(folder, "clicktrail.db");
  if (isMigrated) await copyFile(shared(SHARED.sqliteTemplate), location);
  const db = openSqlite({ file: location });
  return {
    db,
    location,
    async dispose() {
      await db.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function createPostgres(isMigrated: boolean): Promise<TestDatabase> {
  const serverUrl = shared(SHARED.postgresUrl);
  const name = `t_${randomBytes(8).toString("hex")}`;
  const template = isMigrated ? POSTGRES_TEMPLATE : "template0";
  await runOn(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const location = urlOf(serverUrl, name);
  const db = openPostgres({ url: location });
  return {
    db,
    location,
    async dispose() {
      await db.close();
      await runOn(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** The URL of another database on the same server. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

function shared(name: string): string {
  const failure = process.env[SHARED.setupError];
  if (failure !== undefined) throw new Error(`The migrations failed in the test setup: ${failure}`);
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests with vitest.`);
  return value;
}
