import { Sql } from "sql-template-tag";
import type { BatchStatement, GuardedStatement, SqlValue } from "./db.ts";
import { firstLine } from "./failures.ts";

/**
 * The values of a statement, checked to mean the same on both engines.
 *
 * @throws {TypeError} on a boolean, undefined, NaN, a Date or an object: one engine would store
 *         something else than the other, or refuse it
 */
export function boundValues(statement: Sql): SqlValue[] {
  return statement.values.map((value, index) => {
    if (isBindable(value)) return value;
    const where = firstLine(statement.sql);
    throw new TypeError(`Value ${index + 1} can't be bound (${describe(value)}) in: ${where}`);
  });
}

/** A statement of a batch with its guard, if it has one. */
export function guardOf(item: BatchStatement): Omit<GuardedStatement, "changes"> & {
  readonly changes?: number;
} {
  return item instanceof Sql ? { statement: item } : item;
}

function isBindable(value: unknown): value is SqlValue {
  return (
    value === null ||
    typeof value === "string" ||
    typeof value === "bigint" ||
    (typeof value === "number" && Number.isFinite(value)) ||
    Buffer.isBuffer(value)
  );
}

function describe(value: unknown): string {
  return typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}
