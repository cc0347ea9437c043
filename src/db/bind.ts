import { Sql } from "sql-template-tag";
import { toStorableText } from "../lib/storable.ts";
import type { BatchStatement, BulkInsert, GuardedStatement, SqlValue } from "./db.ts";
import { firstLine } from "./failures.ts";
import { identifier, join } from "./sql.ts";

/**
 * The values of a statement, checked to mean the same on both engines. Text is made storable: PostgreSQL takes no
 * NUL, not even to look for it.
 *
 * @throws {TypeError} on a boolean, undefined, NaN, a Date or an object: one engine would store
 *         something else than the other, or refuse it
 */
export function boundValues(statement: Sql): SqlValue[] {
  return statement.values.map((value, index) => {
    if (typeof value === "string") return toStorableText(value);
    if (isBindable(value)) return value;
    const where = firstLine(statement.sql);
    throw new TypeError(`Value ${index + 1} can't be bound (${describe(value)}) in: ${where}`);
  });
}

/** Whether an item of a batch inserts rows from JSON. */
export function isBulkInsert(item: BatchStatement): item is BulkInsert {
  return !(item instanceof Sql) && "into" in item;
}

/** The columns of a bulk insert as SQL. */
export function columnList(columns: readonly string[]): Sql {
  return join(columns.map(identifier), ", ");
}

/** A statement of a batch with its guard, if it has one. */
export function guardOf(item: Sql | GuardedStatement): Omit<GuardedStatement, "changes"> & {
  readonly changes?: number;
} {
  return item instanceof Sql ? { statement: item } : item;
}

function isBindable(value: unknown): value is SqlValue {
  return (
    value === null ||
    typeof value === "bigint" ||
    (typeof value === "number" && Number.isFinite(value)) ||
    Buffer.isBuffer(value)
  );
}

function describe(value: unknown): string {
  return typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}
