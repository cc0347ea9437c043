import { errorCode, errorMessage } from "../../lib/errors.ts";
import { staleWrite, statementError, storageUnavailable } from "../failures.ts";
import type { Failure } from "./protocol.ts";

/**
 * SQLite's primary result codes that say something about the store, not the statement, each with what
 * helps. @see https://www.sqlite.org/rescode.html
 */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  SQLITE_BUSY: "Another process holds a lock on the database; try again when it has finished.",
  SQLITE_LOCKED: "Another process holds a lock on the database; try again when it has finished.",
  SQLITE_PROTOCOL: "Another process holds a lock on the database; try again when it has finished.",
  SQLITE_FULL: "Free some disk space (or raise the quota); writing goes on by itself.",
  SQLITE_IOERR: "Check the disk and its free space; the database is opened again by itself.",
  SQLITE_READONLY: "Make the database file and its folder writable, or put the file back.",
  SQLITE_PERM: "Make the database file and its folder readable and writable.",
  SQLITE_CANTOPEN:
    "Make sure that the database file exists and can be opened, or restore a backup.",
  SQLITE_CORRUPT: "Restore a backup; facts taken meanwhile are kept in the journal.",
  SQLITE_NOTADB: "Restore a backup; facts taken meanwhile are kept in the journal.",
  SQLITE_NOMEM: "The process is out of memory; give it more or ask for less.",
};

/** The primary result code of an extended one: `SQLITE_IOERR` of `SQLITE_IOERR_WRITE`. */
function primaryCode(code: string): string {
  return code.split("_").slice(0, 2).join("_");
}

/** Thrown inside a transaction so that it is rolled back. */
export class GuardFailed extends Error {
  readonly expected: number;
  readonly changed: number;

  constructor(expected: number, changed: number) {
    super(`Changed ${changed} rows instead of ${expected}`);
    this.expected = expected;
    this.changed = changed;
  }
}

/** The file under an open connection is not the one under its path any more: writes would vanish. */
export function createMovedError(file: string): Error {
  const error = new Error(`The database file ${file} was deleted or replaced`);
  return Object.assign(error, { code: "SQLITE_READONLY_DBMOVED" });
}

/** Worth waiting for: another connection holds a lock. */
export function isLocked(error: unknown): boolean {
  const code = primaryCode(errorCode(error) ?? "");
  return code === "SQLITE_BUSY" || code === "SQLITE_LOCKED" || code === "SQLITE_PROTOCOL";
}

/** No room on the disk, or none that the file may take. */
export function isFull(error: unknown): boolean {
  return primaryCode(errorCode(error) ?? "") === "SQLITE_FULL";
}

/** The connection may be the problem: close it and open another for the next request. */
export function isBroken(error: unknown): boolean {
  const code = primaryCode(errorCode(error) ?? "");
  return code in UNAVAILABLE && code !== "SQLITE_FULL" && !isLocked(error);
}

/** What a thread sends about an error of its own. */
export function toFailure(error: unknown, sql: string): Failure {
  const message = errorMessage(error);
  if (error instanceof GuardFailed) {
    return { kind: "stale", expected: error.expected, changed: error.changed };
  }
  const code = errorCode(error);
  if (code !== undefined && primaryCode(code) in UNAVAILABLE) {
    return { kind: "unavailable", code, message };
  }
  return { kind: "statement", code, message, sql };
}

/** The error that the caller of the port gets. */
export function fromFailure(failure: Failure): Error {
  switch (failure.kind) {
    case "stale":
      return staleWrite(failure.expected, failure.changed);
    case "statement":
      return statementError(failure.sql, failure.message, failure.code);
    case "unavailable": {
      const { code, message } = failure;
      const cause = Object.assign(new Error(message), { code });
      return storageUnavailable(
        `The database can't be used now: ${message} (${code}).`,
        UNAVAILABLE[primaryCode(code)],
        cause,
      );
    }
  }
}
