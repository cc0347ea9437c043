import { AppError, errorCode, errorMessage } from "../lib/errors.ts";

/** The engine can't be reached, is locked, full, read-only or corrupt. Trying again later makes sense. */
export function storageUnavailable(message: string, hint?: string, cause?: unknown): AppError {
  return new AppError("storage_unavailable", 503, message, {
    hint: hint ?? "Try again in a moment; nothing of this change was stored.",
    retryAfterS: 1,
    cause,
  });
}

/** A guard of a batch did not hold; everything of the batch was rolled back. */
export function staleWrite(expected: number, changed: number): AppError {
  return new AppError(
    "stale_write",
    409,
    `A guarded statement changed ${changed} rows instead of ${expected}; nothing was stored.`,
    { hint: "Read the current state and decide again." },
  );
}

/** A statement that the engine refused: a bug, or a broken constraint. `code` is the engine's own. */
export function statementError(
  sql: string,
  message: string,
  code: string | undefined,
  cause?: unknown,
): Error {
  const error = new Error(`${message} in: ${firstLine(sql)}`, { cause });
  return Object.assign(error, { code });
}

/** Whether a statement names a table that is not there, in the words of either engine. */
export function isMissingTable(error: unknown): boolean {
  return errorCode(error) === "42P01" || errorMessage(error).startsWith("no such table");
}

/** The line that says which statement of ours it is. */
export function firstLine(sql: string): string {
  const lines = sql.split("\n").map((line) => line.trim());
  return lines.find((line) => line !== "" && !line.startsWith("--")) ?? "";
}
