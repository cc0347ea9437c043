import type { Engine, Sql, SqlValue } from "../db/db.ts";
import { identifier, join, jsonRows, raw, sql } from "../db/sql.ts";

type ColumnType = "TEXT" | "BIGINT";
type Values = { readonly [column: string]: SqlValue };

/** Writes many rows of one table with one statement and one bound value. */
export interface TableWriter<R extends Values> {
  /** Inserts; a row of the same key is replaced. Nothing for no rows. */
  upsert(rows: readonly R[]): Sql[];
  /** Inserts; a row of the same key stays. */
  insertMissing(rows: readonly R[]): Sql[];
  /** Deletes by key. */
  remove(rows: readonly Pick<R, keyof R>[]): Sql[];
}

/**
 * Makes the writer of a table of one workspace.
 *
 * @param columns all columns but `workspace_id`, with their types
 * @param key     the columns of the primary key behind `workspace_id`
 */
export function createTableWriter<R extends Values>(
  engine: Engine,
  table: Sql,
  workspaceId: number,
  columns: Readonly<Record<string, ColumnType>>,
  key: readonly string[],
): TableWriter<R> {
  const names = Object.keys(columns);
  const select = (chosen: readonly string[]): Sql =>
    join(
      chosen.map((name) => {
        const value = sql`r.value ->> ${raw(`'${name}'`)}`;
        return columns[name] === "BIGINT" ? sql`CAST(${value} AS BIGINT)` : value;
      }),
      ", ",
    );
  const list = (chosen: readonly string[]): Sql => join(chosen.map(identifier), ", ");
  const keyList = sql`workspace_id, ${list(key)}`;
  const insert = (rows: readonly R[], onConflict: Sql): Sql[] => {
    if (rows.length === 0) return [];
    return [
      sql`
        INSERT INTO ${table} (workspace_id, ${list(names)})
        SELECT CAST(${workspaceId} AS BIGINT), ${select(names)} FROM ${jsonRows(engine, JSON.stringify(rows))}
        WHERE TRUE
        ON CONFLICT (${keyList}) ${onConflict}`,
    ];
  };
  const rest = names.filter((name) => !key.includes(name));
  const assignments = rest.map((name) => sql`${identifier(name)} = excluded.${identifier(name)}`);
  return {
    upsert: (rows) =>
      insert(
        rows,
        rest.length === 0 ? sql`DO NOTHING` : sql`DO UPDATE SET ${join(assignments, ", ")}`,
      ),
    insertMissing: (rows) => insert(rows, sql`DO NOTHING`),
    remove(rows) {
      if (rows.length === 0) return [];
      return [
        sql`
          DELETE FROM ${table} WHERE (${keyList}) IN (
            SELECT CAST(${workspaceId} AS BIGINT), ${select(key)} FROM ${jsonRows(engine, JSON.stringify(rows))})`,
      ];
    },
  };
}
