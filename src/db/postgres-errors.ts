import { AppError, errorCode, errorMessage } from "../lib/errors.ts";
import { statementError, storageUnavailable } from "./failures.ts";

/**
 * SQLSTATE classes and codes that say something about the server, not the statement: connection (08),
 * resources (53), intervention (57, with timeouts), system (58), lock timeout, damaged pages,
 * a standby that was the primary.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE = /^(?:08|53|57|58)|^(?:55P03|XX001|XX002|25006)$/;
const READ_ONLY = "25006";
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Two transactions stood in each other's way, and this one was rolled back. */
const CONFLICT = /^(?:40001|40P01)$/;

/**
 * The error that the caller of the port gets. What has no SQLSTATE is a connection that broke.
 *
 * @param isRead a read that tries to write is a bug; a write refused as read-only met a standby
 */
export function toPortError(error: unknown, sqlText: string, isRead: boolean): Error {
  const code = errorCode(error) ?? "";
  const isBug = isRead && code === READ_ONLY;
  if (SQLSTATE.test(code) && (isBug || !UNAVAILABLE.test(code))) {
    return statementError(sqlText, errorMessage(error), code, error);
  }
  return toUnavailable(error);
}

/** For a connection that could not be had, whatever the reason. */
export function toUnavailable(error: unknown): AppError {
  const code = errorCode(error);
  const reason = errorMessage(error) || "no connection";
  return storageUnavailable(
    `The database can't be used now: ${reason}${code ? ` (${code})` : ""}.`,
    hintFor(code),
    error,
  );
}

/** Whether the same batch may succeed when it is tried again at once. */
export function isConflict(error: unknown): boolean {
  return CONFLICT.test(errorCode(error) ?? "");
}

export function isStorageUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.code === "storage_unavailable";
}

function hintFor(code = ""): string | undefined {
  if (code === "57014") return "Ask for a shorter time range or fewer rows.";
  if (code.startsWith("53")) return "Give the PostgreSQL server more room or connections.";
  if (code.startsWith("28") || code === "3D000")
    return "Check the user, password and database in DATABASE_URL.";
  return undefined;
}
