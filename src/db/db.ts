import type { Sql } from "sql-template-tag";

export type { Sql } from "sql-template-tag";

/** The two engines. One SQL text runs on both; `db/sql.ts` holds the few fragments that differ. */
export type Engine = "sqlite" | "postgres";

/** A value that can be bound. Booleans are 0 and 1, times are integer milliseconds. */
export type SqlValue = string | number | bigint | Buffer | null;

/** A result row: column name to value. `BIGINT` arrives as a number on both engines. */
export type Row = Record<string, unknown>;

/**
 * A statement of a batch that must change exactly `changes` rows, or the whole batch is rolled back
 * and rejects with `stale_write`. Projections guard their cursor with it.
 */
export interface GuardedStatement {
  readonly statement: Sql;
  readonly changes: number;
}

/**
 * Rows to insert by the thousand: the objects of a JSON array, each column taking the member of its
 * name. A missing member is null, an object or array becomes JSON. Rows whose key is there already are
 * passed over. Less than half the time of an `INSERT … SELECT` over the same JSON on SQLite.
 */
export interface BulkInsert {
  /** The table, from `identifier()`. */
  readonly into: Sql;
  readonly columns: readonly string[];
  /** A JSON array of objects, as text or as its UTF-8 bytes: those cross to the writer without being read. */
  readonly rows: string | Buffer;
}

export type BatchStatement = Sql | GuardedStatement | BulkInsert;

export interface BatchOptions {
  /**
   * Longest run of each statement, in milliseconds, instead of the engine's own limit (SQLite has
   * none). For migrations and rebuilds.
   */
  readonly timeoutMs?: number;
}

/**
 * The storage port. No interactive transactions: one could not span the writer thread, and one shared
 * connection would interleave them. A change that belongs together is one `batch`.
 *
 * Every method rejects with `storage_unavailable` (AppError, 503) when the engine can't be reached,
 * is locked beyond its timeout, full or corrupt; anything else is a bug in the statement.
 */
export interface Db {
  readonly engine: Engine;
  /** All rows of a read, from a reader (never the writer). */
  all<T extends object = Row>(query: Sql): Promise<T[]>;
  /** The first row of a read, or undefined. */
  get<T extends object = Row>(query: Sql): Promise<T | undefined>;
  /** One write in its own transaction; resolves to the number of rows changed. */
  run(statement: Sql): Promise<number>;
  /** Several writes in one transaction, in order; resolves to the rows each one changed. */
  batch(statements: readonly BatchStatement[], options?: BatchOptions): Promise<number[]>;
  /**
   * Makes what was deleted unreadable: on SQLite the file is written anew without its free pages, and the
   * write-ahead log emptied; on PostgreSQL the tables are vacuumed. Takes about as long as copying the
   * database, and other writes wait meanwhile.
   *
   * @param tables those that rows were deleted from
   */
  purge(tables: readonly string[]): Promise<void>;
  /** Finishes what was accepted, then closes. Idempotent. */
  close(): Promise<void>;
}
