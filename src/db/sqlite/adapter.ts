import { boundValues, guardOf, isBulkInsert } from "../bind.ts";
import type { BatchStatement, BulkInsert, Db, Sql } from "../db.ts";
import { storageUnavailable } from "../failures.ts";
import { createInline } from "./inline.ts";
import type {
  ReadResult,
  WireStatement,
  WriteRequest,
  WriteResult,
  WriterOptions,
} from "./protocol.ts";
import { createReaderPool, type Reader } from "./reader-pool.ts";
import { createThread, type Thread } from "./thread.ts";

export interface SqliteOptions {
  /** Path of the database file. Created, with its folder, by the first write. */
  readonly file: string;
  /** Reader threads, 2 unless told. */
  readonly readers?: number;
  /** Longest wait of one call for a lock, in milliseconds; 100 unless told. */
  readonly busyTimeoutMs?: number;
  /** How long a write waits for a lock in all, in milliseconds; 2000 unless told. */
  readonly lockWaitMs?: number;
  /** Longest run of one read, in milliseconds; 5000 unless told. */
  readonly readTimeoutMs?: number;
  /** `false` works on the calling thread: for a command that does one thing and ends. */
  readonly threads?: boolean;
  /** Caps the file, in pages of 4096 bytes; unlimited unless told. */
  readonly maxPageCount?: number;
  /** Length of the write-ahead log beyond which it is emptied by force, in bytes; 64 MB unless told. */
  readonly forcedWalBytes?: number;
}

/**
 * The storage port on one SQLite file: one writer thread, and reader threads beside it. The main thread
 * never waits for a lock or the disk, and reads don't delay writes, nor the reverse.
 *
 * Nothing is opened before it is needed: a missing or locked file fails the calls that meet it
 * (`storage_unavailable`) and heals by itself. Numbers above 2^53 lose their last digits.
 */
export function openSqlite(options: SqliteOptions): Db {
  const { file, busyTimeoutMs = 100, readTimeoutMs = 5000, threads = true } = options;
  const writer = createWriterOf(options);
  const createReader = (): Reader =>
    threads
      ? createThread("reader-thread", { file, busyTimeoutMs })
      : createInline(async () =>
          (await import("./reader.ts")).createReader({ file, busyTimeoutMs }),
        );
  const readers = createReaderPool({
    createReader,
    readTimeoutMs,
    readers: threads ? (options.readers ?? 2) : 1,
  });
  let closing: Promise<void> | undefined;

  async function read(query: Sql, firstOnly: boolean): Promise<Record<string, unknown>[]> {
    if (closing !== undefined) throw closed();
    return toObjects(await readers.read({ statement: toWire(query), firstOnly }));
  }
  async function write(statements: readonly BatchStatement[]): Promise<number[]> {
    if (closing !== undefined) throw closed();
    if (statements.length === 0) return [];
    return [...(await writer.call({ statements: statements.map(toWire) }))];
  }

  return {
    engine: "sqlite",
    all: async <T extends object>(query: Sql) => (await read(query, false)) as T[],
    get: async <T extends object>(query: Sql) => (await read(query, true))[0] as T | undefined,
    async run(statement) {
      const [changes = 0] = await write([statement]);
      return changes;
    },
    batch: (statements) => write(statements),
    async purge() {
      if (closing !== undefined) throw closed();
      await writer.call({ statements: [], purge: true });
    },
    close() {
      // Readers first: the writer can empty the write-ahead log only when nobody reads it.
      closing ??= readers.close().then(() => writer.close());
      return closing;
    },
  };
}

function createWriterOf(options: SqliteOptions): Thread<WriteRequest, WriteResult> {
  const { file, busyTimeoutMs = 100, lockWaitMs = 2000, maxPageCount, threads = true } = options;
  const all: WriterOptions = {
    file,
    busyTimeoutMs,
    lockWaitMs,
    maxPageCount,
    forcedWalBytes: options.forcedWalBytes,
    checkpoints: threads,
  };
  if (threads) return createThread("writer-thread", all);
  return createInline(async () => (await import("./writer.ts")).createWriter(all));
}

function closed(): Error {
  return storageUnavailable("The database is closed.", "The server is stopping; try another node.");
}

function toWire(item: BatchStatement): WireStatement {
  if (isBulkInsert(item)) return toBulk(item);
  const { statement, ...guard } = guardOf(item);
  return { sql: statement.sql, values: boundValues(statement), ...guard };
}

function toBulk({ into, columns, rows }: BulkInsert): WireStatement {
  return { sql: into.sql, values: [], bulk: { columns, rows } };
}

function toObjects({ columns, rows }: ReadResult): Record<string, unknown>[] {
  return rows.map((row) => {
    const object: Record<string, unknown> = {};
    columns.forEach((column, index) => {
      const value = row[index];
      object[column] = value instanceof Uint8Array ? Buffer.from(value) : value;
    });
    return object;
  });
}
