import { type Clock, createClock } from "../lib/clock.ts";
import { AppError } from "../lib/errors.ts";
import type { BatchStatement, Db } from "./db.ts";
import { type Migration, readMigrations } from "./migration-files.ts";
import { splitStatements } from "./split-statements.ts";
import { raw, sql } from "./sql.ts";

/** Names, in order. */
export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Applied to the database, but not among the files: a newer release was here. */
  readonly unknown: readonly string[];
}

/** A migration may rewrite a large table. */
const PATIENT = { timeoutMs: 3_600_000 };

interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

/**
 * Brings the database up to the newest migration of a folder. Forward only.
 *
 * Each migration is one transaction that writes its own row first, so a crash at any statement leaves
 * the one before it, and of two processes that start together one waits and finds the work done.
 *
 * @param now gives `applied_at`
 * @returns   names of the migrations applied by this call
 * @throws {AppError} `newer_schema` when a newer release migrated this database; `cannot_start` when
 *         a migration was edited after it was applied; `storage_unavailable`. Nothing changes then.
 */
export async function migrate(
  db: Db,
  migrationsDir: string,
  now: Clock = createClock(),
): Promise<{ applied: string[] }> {
  const migrations = readMigrations(migrationsDir, db.engine);
  const applied: string[] = [];
  // A file that isn't there yet can't be read; any other fault shows in the write.
  const isKnown = await hasHistory(db).catch(() => false);
  if (!isKnown) await db.batch([...takeLock(db), createHistory()], PATIENT);
  for (;;) {
    const next = refuseOrFindNext(migrations, await readHistory(db));
    if (!next) return { applied };
    if (await apply(db, next, now())) applied.push(next.name);
  }
}

/** What `migrate` would do. Changes nothing, and works on an empty database too. */
export async function migrationStatus(db: Db, migrationsDir: string): Promise<MigrationStatus> {
  const migrations = readMigrations(migrationsDir, db.engine);
  const history = (await hasHistory(db)) ? await readHistory(db) : [];
  const done = new Set(history.map(({ number }) => number));
  const known = new Set(migrations.map(({ number }) => number));
  return {
    applied: history.map(({ name }) => name),
    pending: migrations.filter(({ number }) => !done.has(number)).map(({ name }) => name),
    unknown: history.filter(({ number }) => !known.has(number)).map(({ name }) => name),
  };
}

function refuseOrFindNext(
  migrations: readonly Migration[],
  history: readonly AppliedMigration[],
): Migration | undefined {
  const byNumber = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const { number, name, checksum } of history) {
    const migration = byNumber.get(number);
    if (!migration) throw newerSchema(name);
    if (migration.checksum !== checksum) throw changedMigration(name);
  }
  const done = new Set(history.map(({ number }) => number));
  return migrations.find(({ number }) => !done.has(number));
}

/** @returns false when another process was first */
async function apply(db: Db, migration: Migration, appliedAt: number): Promise<boolean> {
  const { number, name, checksum, script } = migration;
  const record = sql`
    INSERT INTO schema_migrations (number, name, checksum, applied_at)
    VALUES (${number}, ${name}, ${checksum}, ${appliedAt})
    ON CONFLICT (number) DO NOTHING`;
  const statements = splitStatements(script).map((text) => raw(text));
  try {
    await db.batch([...takeLock(db), { statement: record, changes: 1 }, ...statements], PATIENT);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === "stale_write") return false;
    throw error;
  }
}

/** SQLite's transaction is a lock by itself. PostgreSQL lifts this one when the transaction ends. */
function takeLock(db: Db): BatchStatement[] {
  if (db.engine === "sqlite") return [];
  return [
    sql`SET LOCAL lock_timeout = '60s'`,
    sql`SELECT pg_advisory_xact_lock(hashtext('clicktrail schema_migrations'))`,
  ];
}

function createHistory(): BatchStatement {
  return sql`
    CREATE TABLE IF NOT EXISTS schema_migrations (
      number     INTEGER NOT NULL PRIMARY KEY,
      name       TEXT    NOT NULL,
      checksum   TEXT    NOT NULL,
      applied_at BIGINT  NOT NULL
    )`;
}

async function hasHistory(db: Db): Promise<boolean> {
  if (db.engine === "postgres") {
    const row = await db.get(sql`SELECT CAST(to_regclass('schema_migrations') AS text) AS name`);
    return row?.["name"] !== null;
  }
  return (
    (await db.get(sql`SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'`)) !== undefined
  );
}

function readHistory(db: Db): Promise<AppliedMigration[]> {
  return db.all<AppliedMigration>(
    sql`SELECT number, name, checksum FROM schema_migrations ORDER BY number`,
  );
}

function newerSchema(name: string): AppError {
  return new AppError(
    "newer_schema",
    503,
    `The database was migrated by a newer release of clicktrail (${name}): run that release, or restore a backup made before it.`,
  );
}

function changedMigration(name: string): AppError {
  return new AppError(
    "cannot_start",
    503,
    `Migration ${name} was edited after it was applied to this database: put the original file back.`,
  );
}
