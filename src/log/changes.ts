import type { BatchStatement, Db } from "../db/db.ts";
import { jsonRows, sql } from "../db/sql.ts";
import type { AppendChanges, Change } from "./projection.ts";

/** Where a stage stands in the changes feed. Zeros are the beginning. */
export interface ChangeCursor {
  readonly txid: number;
  readonly changeSeq: number;
}

/** A change with its place in the feed. On SQLite `txid` is always 0. */
export interface StoredChange extends Change {
  readonly txid: number;
}

/** Makes the function with which projections append to the changes feed. */
export function createAppendChanges(engine: Db["engine"]): AppendChanges {
  return (stage, changes): BatchStatement => {
    const json = JSON.stringify(
      changes.map(({ workspaceId, seq }) => ({ workspace_id: workspaceId, seq })),
    );
    return sql`
      INSERT INTO changes (workspace_id, stage, seq)
      SELECT CAST(r.value ->> 'workspace_id' AS BIGINT), ${stage}, CAST(r.value ->> 'seq' AS BIGINT)
      FROM ${jsonRows(engine, json)}`;
  };
}

/** Reads the next changes that other stages appended, behind a cursor; the rule of `readEvents` holds. */
export async function readChanges(
  db: Db,
  stages: readonly string[],
  after: ChangeCursor,
  limit: number,
): Promise<StoredChange[]> {
  if (stages.length === 0) return [];
  const json = JSON.stringify(stages.map((stage) => ({ stage })));
  const stageList = sql`SELECT r.value ->> 'stage' FROM ${jsonRows(db.engine, json)}`;
  return db.all<StoredChange>(
    db.engine === "sqlite"
      ? sql`
          SELECT 0 AS txid, change_seq, workspace_id, stage, seq FROM changes
          WHERE change_seq > ${after.changeSeq} AND stage IN (${stageList})
          ORDER BY change_seq LIMIT ${limit}`
      : sql`
          SELECT txid, change_seq, workspace_id, stage, seq FROM changes
          WHERE (txid, change_seq) > (${after.txid}, ${after.changeSeq}) AND stage IN (${stageList})
            AND txid < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS BIGINT)
          ORDER BY txid, change_seq LIMIT ${limit}`,
  );
}
