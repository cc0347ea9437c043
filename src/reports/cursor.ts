import { AppError } from "../lib/errors.ts";

/** Where a page ended, as a short opaque text: the sort key of its last row. */
export function writeCursor(at: number, number: number): string {
  return Buffer.from(`${at.toString(36)}.${number.toString(36)}`).toString("base64url");
}

/**
 * Reads a cursor that `writeCursor` made.
 *
 * @throws {AppError} `invalid_query` for anything else
 */
export function readCursor(cursor: string): { at: number; number: number } {
  const text = Buffer.from(cursor, "base64url").toString("latin1");
  const [, at, number] = /^(-?[0-9a-z]{1,11})\.([0-9a-z]{1,11})$/.exec(text) ?? [];
  if (at === undefined || number === undefined) throw badCursor();
  const key = { at: Number.parseInt(at, 36), number: Number.parseInt(number, 36) };
  if (
    writeCursor(key.at, key.number) !== cursor ||
    !Object.values(key).every(Number.isSafeInteger)
  ) {
    throw badCursor();
  }
  return key;
}

function badCursor(): AppError {
  return new AppError("invalid_query", 422, "The cursor is not one of ours.", {
    hint: "Take it from `next` of the page before, or leave it out for the first page.",
    errors: [{ pointer: "/cursor", message: "Expected the `next` of an earlier answer." }],
  });
}
