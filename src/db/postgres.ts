import type { PoolClient, PoolConfig } from "pg";
import { boundValues, columnList, guardOf, isBulkInsert } from "./bind.ts";
import type { BatchOptions, BatchStatement, BulkInsert, Db, Sql } from "./db.ts";
import { staleWrite, storageUnavailable } from "./failures.ts";
import { isConflict, isStorageUnavailable, toPortError } from "./postgres-errors.ts";
import { createLazyPool, type LazyPool } from "./postgres-pool.ts";
import { resultTypes } from "./postgres-types.ts";
import { identifier, raw, sql } from "./sql.ts";

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`; its parameters (`sslmode`) are pg's. */
  readonly url: string;
  /** Most connections for writes, 4 unless told; and as many again for reads. */
  readonly poolSize?: number;
  /** Longest wait for a connection, in milliseconds; 5000 unless told. */
  readonly connectTimeoutMs?: number;
  /** Longest wait of a write for a lock, in milliseconds; 2000 unless told. */
  readonly lockWaitMs?: number;
  /** Longest run of one write statement, in milliseconds; 30,000 unless told. */
  readonly writeTimeoutMs?: number;
  /** Longest run of one read, in milliseconds; 5000 unless told. */
  readonly readTimeoutMs?: number;
  /** Told of each connection that breaks while idle; the pool replaces it. */
  readonly onIdleError?: (error: Error) => void;
}

/** A transaction that is left open holds back every reader of the log, on every node. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** What a server that doesn't answer at all gets on top of a statement's own limit. */
const SILENCE_MS = 2000;
/** Longest run of one VACUUM. */
const VACUUM_MS = 3_600_000;
/** Tries of a batch that the server rolled back for the sake of another one. */
const CONFLICT_TRIES = 4;

/**
 * The storage port on PostgreSQL 14 or newer: one pool for writes, and one that can only read.
 *
 * Nothing is connected before it is needed, and a broken connection is replaced: a server that is away
 * fails the calls that meet it (`storage_unavailable`) and heals by itself.
 *
 * Rows equal SQLite's: `BIGINT`, and `NUMERIC` (what `SUM` of a BIGINT is), arrive as numbers,
 * booleans as 0 and 1, JSON as text (`JSONB` in PostgreSQL's own spacing). Traps that remain: a bound
 * value takes the type its place asks for. Where nothing asks (`SELECT ${n}`, `INSERT … SELECT ${n}`,
 * `${x} IS NULL`) it is text or an error, and beside an integer literal (`${n} + 1`) it has 32 bits:
 * say `CAST(${n} AS BIGINT)` there.
 */
export function openPostgres(options: PostgresOptions): Db {
  const { lockWaitMs = 2000, writeTimeoutMs = 30_000, readTimeoutMs = 5000 } = options;
  const writers = openPool(options, {
    statement_timeout: writeTimeoutMs,
    lock_timeout: lockWaitMs,
  });
  const readers = openPool(options, {
    statement_timeout: readTimeoutMs,
    options: "-c default_transaction_read_only=on",
  });
  let closing: Promise<void> | undefined;

  async function use<T>(pool: LazyPool, work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (closing !== undefined) throw storageUnavailable("The database is closed.");
    return pool.use(work);
  }
  async function read(query: Sql): Promise<object[]> {
    return use(readers, async (client) => (await execute(client, query, readTimeoutMs, true)).rows);
  }

  return {
    engine: "postgres",
    all: async <T extends object>(query: Sql) => (await read(query)) as T[],
    get: async <T extends object>(query: Sql) => (await read(query))[0] as T | undefined,
    run: (statement) =>
      use(writers, async (client) => (await execute(client, statement, writeTimeoutMs)).changes),
    async batch(statements, { timeoutMs }: BatchOptions = {}) {
      if (statements.length === 0) return [];
      const limits = timeoutMs === undefined ? [] : limitTo(timeoutMs);
      const limitMs = timeoutMs ?? writeTimeoutMs;
      const all = [...limits, ...statements];
      const changes = await retryConflicts(() =>
        use(writers, (client) => runBatch(client, all, limitMs)),
      );
      return changes.slice(limits.length);
    },
    purge: (tables) => use(writers, (client) => vacuum(client, tables)),
    close() {
      closing ??= Promise.all([readers.end(), writers.end()]).then(() => undefined);
      return closing;
    },
  };
}

function openPool(options: PostgresOptions, limits: PoolConfig): LazyPool {
  const config: PoolConfig = {
    connectionString: options.url,
    max: options.poolSize ?? 4,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    application_name: "clicktrail",
    keepAlive: true,
    ...limits,
  };
  return createLazyPool(config, options.onIdleError ?? (() => undefined));
}

/** Settings take no bound values; the number is ours. */
function limitTo(timeoutMs: number): Sql[] {
  const ms = raw(String(Math.ceil(timeoutMs)));
  return [sql`SET LOCAL statement_timeout = ${ms}`];
}

async function runBatch(
  client: PoolClient,
  statements: readonly BatchStatement[],
  limitMs: number,
): Promise<number[]> {
  await execute(client, sql`BEGIN`, limitMs);
  try {
    const changes: number[] = [];
    for (const item of statements) {
      const { statement, changes: expected } = guardOf(isBulkInsert(item) ? toSql(item) : item);
      const { changes: changed } = await execute(client, statement, limitMs);
      if (expected !== undefined && expected !== changed) throw staleWrite(expected, changed);
      changes.push(changed);
    }
    await execute(client, sql`COMMIT`, limitMs);
    return changes;
  } catch (error) {
    // A broken connection is thrown away, and the server rolls back when it notices.
    if (!isStorageUnavailable(error)) await execute(client, sql`ROLLBACK`, limitMs);
    throw error;
  }
}

/** The table's own row type reads the objects: every column gets its type. */
function toSql({ into, columns, rows }: BulkInsert): Sql {
  const list = columnList(columns);
  return sql`
    INSERT INTO ${into} (${list})
    SELECT ${list} FROM jsonb_populate_recordset(CAST(NULL AS ${into}), CAST(${rows.toString()} AS jsonb))
    ON CONFLICT DO NOTHING`;
}

/** No transaction: VACUUM allows none. A large table takes its time. */
async function vacuum(client: PoolClient, tables: readonly string[]): Promise<void> {
  await execute(client, sql`SET statement_timeout = 0`, VACUUM_MS);
  try {
    for (const table of tables) {
      await execute(client, sql`VACUUM ${identifier(table)}`, VACUUM_MS);
    }
  } finally {
    await execute(client, sql`RESET statement_timeout`, VACUUM_MS);
  }
}

interface Result {
  readonly rows: object[];
  readonly changes: number;
}

async function execute(
  client: PoolClient,
  statement: Sql,
  limitMs: number,
  isRead = false,
): Promise<Result> {
  const query = {
    text: statement.text,
    values: boundValues(statement),
    types: resultTypes,
    query_timeout: limitMs + SILENCE_MS,
  };
  try {
    const { rows, rowCount } = await client.query(query);
    return { rows, changes: rowCount ?? 0 };
  } catch (error) {
    throw toPortError(error, statement.sql, isRead);
  }
}

async function retryConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let left = CONFLICT_TRIES - 1; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (!isConflict(error) || left === 0) throw error;
    }
  }
}
