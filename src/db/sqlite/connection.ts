import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { LRUCache } from "lru-cache";
import type { SqlValue } from "../db.ts";
import { createMovedError, isBroken } from "./failure.ts";
import type { ConnectionOptions } from "./protocol.ts";

/** Prepared statements kept by their text. */
const STATEMENTS = 500;

/** A value, or all values of a statement in one array. */
type Binding = SqlValue | SqlValue[];

export interface Connection {
  readonly db: Database.Database;
  /** Compiles once a text. */
  prepare(sql: string): Database.Statement<Binding[]>;
  /** Whether the path still leads to the file that was opened. */
  isCurrent(): boolean;
}

interface OpenMode {
  readonly readonly: boolean;
  /** Makes the file, and its folder, when there is none. */
  readonly create: boolean;
  /** Runs once on the new connection. */
  prepare?(db: Database.Database): void;
}

/** Opens the file. @throws SqliteError, also when the folder is missing */
export function openConnection(options: ConnectionOptions, mode: OpenMode): Connection {
  if (mode.create) mkdirSync(path.dirname(options.file), { recursive: true });
  else if (inodeOf(options.file) === undefined) throw createCannotOpenError(options.file);
  const db = new Database(options.file, {
    readonly: mode.readonly,
    fileMustExist: !mode.create,
    timeout: options.busyTimeoutMs,
  });
  try {
    mode.prepare?.(db);
  } catch (error) {
    db.close();
    throw error;
  }
  const openedInode = inodeOf(options.file);
  const statements = new LRUCache<string, Database.Statement<Binding[]>>({ max: STATEMENTS });
  return {
    db,
    prepare(sql) {
      const known = statements.get(sql);
      if (known) return known;
      const statement = db.prepare<Binding[]>(sql);
      statements.set(sql, statement);
      return statement;
    },
    isCurrent: () => openedInode !== undefined && inodeOf(options.file) === openedInode,
  };
}

/**
 * A connection that opens when it is first needed, and again after a fault: a database that was away
 * at the start or got lost heals without a restart.
 */
export interface HealingConnection {
  /** Runs work on it. @throws what the work throws; a broken connection is closed first */
  use<T>(work: (connection: Connection) => T): T;
  /** Closes it if its file was deleted or replaced under it. */
  dropMoved(): void;
  close(): void;
}

export function createHealingConnection(file: string, open: () => Connection): HealingConnection {
  let current: Connection | undefined;

  function close(): void {
    const closing = current;
    current = undefined;
    closing?.db.close();
  }
  function dropMoved(): void {
    if (current && !current.isCurrent()) close();
  }
  return {
    use(work) {
      try {
        dropMoved();
        current ??= open();
        const result = work(current);
        // Without this look, rows written to a deleted file "succeed" into nothing.
        if (!current.isCurrent()) throw createMovedError(file);
        return result;
      } catch (error) {
        if (isBroken(error)) close();
        throw error;
      }
    },
    dropMoved,
    close,
  };
}

/** Whole numbers as integers: better-sqlite3 binds every number as REAL, so 5 would become '5.0' in a text. */
export function toBindings(values: readonly SqlValue[]): SqlValue[] {
  return values.map((value) =>
    typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value,
  );
}

function inodeOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

function createCannotOpenError(file: string): Error {
  return Object.assign(new Error(`There is no database file ${file}`), { code: "SQLITE_CANTOPEN" });
}
