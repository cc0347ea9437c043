import { setTimeout as sleep } from "node:timers/promises";
import type Database from "better-sqlite3";
import { createCheckpointer } from "./checkpointer.ts";
import {
  type Connection,
  createHealingConnection,
  openConnection,
  toBindings,
} from "./connection.ts";
import { GuardFailed, isFull, isLocked } from "./failure.ts";
import { insertRows } from "./insert-rows.ts";
import type {
  RequestHandler,
  WireStatement,
  WriteRequest,
  WriteResult,
  WriterOptions,
} from "./protocol.ts";
import { purgeFile } from "./purge.ts";

/** Rest between two tries for a lock. The thread listens meanwhile. */
const RETRY_MS = 10;

/** A purge has time: it waits for other writers and for long reads to end. */
const PURGE_WAIT_MS = 60_000;

/** Writes batches, each in a transaction. Blocks its thread while it works. */
export function createWriter(options: WriterOptions): RequestHandler<WriteRequest, WriteResult> {
  // Only the first opening may create the file: one that is deleted later was not meant to be replaced
  // by an empty one.
  let mayCreate = true;
  /** The statement to name in an error. */
  let runningSql = "";
  const connection = createHealingConnection(options.file, () => {
    const opened = openConnection(options, {
      readonly: false,
      create: mayCreate,
      prepare: (db) => setPragmas(db, options),
    });
    mayCreate = false;
    return opened;
  });
  const checkpointer = options.checkpoints ? createCheckpointer(connection, options) : undefined;
  const running = (sql: string) => {
    runningSql = sql;
  };

  function purgeWhole(): number[] {
    running("VACUUM");
    connection.use(({ db }) => purgeFile(db));
    return [];
  }

  function commit(statements: readonly WireStatement[]): number[] {
    const changes = connection.use((opened) => runBatch(opened, statements, running));
    checkpointer?.noteCommit();
    return changes;
  }

  function withRoom<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isFull(error)) throw error;
      // What was committed may only wait to be moved: then the log's room is free again.
      checkpointer?.makeRoom();
      return work();
    }
  }

  return {
    handle({ statements, purge = false }, arrivedAt) {
      const work = () => withRoom(() => (purge ? purgeWhole() : commit(statements)));
      return untilUnlocked(work, arrivedAt + (purge ? PURGE_WAIT_MS : options.lockWaitMs));
    },
    sqlOf: () => runningSql,
    close() {
      checkpointer?.stop();
      connection.close();
    },
  };
}

async function untilUnlocked<T>(work: () => T, deadline: number): Promise<T> {
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** FULL: a commit survives power loss. foreign_keys stay off: projections fill tables in any order. */
function setPragmas(db: Database.Database, { maxPageCount }: WriterOptions): void {
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.pragma("foreign_keys = OFF");
  db.pragma("journal_size_limit = 67108864");
  // The checkpointer does it between commits; this is the net below it (40 MB).
  db.pragma("wal_autocheckpoint = 10000");
  db.pragma("temp_store = MEMORY");
  db.pragma("cache_size = -16000");
  if (maxPageCount !== undefined) db.pragma(`max_page_count = ${maxPageCount}`);
}

function runBatch(
  opened: Connection,
  statements: readonly WireStatement[],
  running: (sql: string) => void,
): number[] {
  // IMMEDIATE takes the write lock at once: a transaction that began as a read could only fail later.
  opened.prepare("BEGIN IMMEDIATE").run();
  try {
    const changes = statements.map((statement) => {
      running(statement.sql);
      return runStatement(opened, statement);
    });
    opened.prepare("COMMIT").run();
    return changes;
  } catch (error) {
    // A full disk rolls back by itself.
    if (opened.db.inTransaction) opened.prepare("ROLLBACK").run();
    throw error;
  }
}

function runStatement(opened: Connection, wire: WireStatement): number {
  const { sql, values, changes, bulk } = wire;
  if (bulk) return insertRows(opened, sql, bulk);
  const statement = opened.prepare(sql);
  const bound = toBindings(values);
  // A statement with RETURNING has to be read to its end.
  const changed = statement.reader
    ? statement.all(...bound).length
    : statement.run(...bound).changes;
  if (changes !== undefined && changes !== changed) throw new GuardFailed(changes, changed);
  return changed;
}
