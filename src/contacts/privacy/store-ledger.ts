import type { BatchStatement, Db, Engine } from "../../db/db.ts";
import { jsonRows, sql } from "../../db/sql.ts";

/** A row of `erased_keys`: the hash of something that named an erased contact. */
export interface ErasedKey {
  readonly workspace_id: number;
  readonly key_hash: string;
  readonly erasure_id: string;
  readonly erased_at: number;
  /** From then on the contact may be known again; what is older stays out. */
  readonly readmitted_at: number | null;
}

/** Changes whenever the ledger does: the cheap question. */
export async function readLedgerStamp(db: Db): Promise<string> {
  const row = await db.get(sql`
    SELECT COUNT(*) AS keys, COUNT(readmitted_at) AS readmitted, COALESCE(MAX(readmitted_at), 0) AS last
    FROM erased_keys`);
  return Object.values(row ?? {}).join("/");
}

/** The whole ledger. */
export function readLedger(db: Db): Promise<ErasedKey[]> {
  return db.all<ErasedKey>(sql`
    SELECT workspace_id, key_hash, erasure_id, erased_at, readmitted_at FROM erased_keys`);
}

/** The write that enters keys; those already there stay. */
export function enterKeys(keys: readonly ErasedKey[]): BatchStatement {
  return {
    into: sql`erased_keys`,
    columns: ["workspace_id", "key_hash", "erasure_id", "erased_at", "readmitted_at"],
    rows: JSON.stringify(keys),
  };
}

/** Which of the hashes are in force. Reads by the primary key. */
export async function findErased(
  db: Db,
  workspaceId: number,
  hashes: readonly string[],
): Promise<Set<string>> {
  if (hashes.length === 0) return new Set();
  const json = JSON.stringify(hashes.map((hash) => ({ hash })));
  const rows = await db.all<{ key_hash: string }>(sql`
    SELECT k.key_hash FROM ${jsonRows(db.engine, json)} CROSS JOIN erased_keys AS k
    WHERE k.workspace_id = ${workspaceId} AND k.key_hash = r.value ->> 'hash'
      AND k.readmitted_at IS NULL`);
  return new Set(rows.map(({ key_hash }) => key_hash));
}

/** Whether anybody of the workspace was ever erased. */
export async function hasErased(db: Db, workspaceId: number): Promise<boolean> {
  const row = await db.get(sql`
    SELECT 1 AS found FROM erased_keys WHERE workspace_id = ${workspaceId} LIMIT 1`);
  return row !== undefined;
}

/** The erasure that a hash belongs to. */
export async function findErasureOf(
  db: Db,
  workspaceId: number,
  hashes: readonly string[],
): Promise<ErasedKey | undefined> {
  const json = JSON.stringify(hashes.map((hash) => ({ hash })));
  return db.get<ErasedKey>(sql`
    SELECT k.workspace_id, k.key_hash, k.erasure_id, k.erased_at, k.readmitted_at
    FROM ${jsonRows(db.engine, json)} CROSS JOIN erased_keys AS k
    WHERE k.workspace_id = ${workspaceId} AND k.key_hash = r.value ->> 'hash'
    LIMIT 1`);
}

/** Lets a contact be known again from a moment on. */
export async function readmit(
  db: Db,
  workspaceId: number,
  erasureId: string,
  at: number,
): Promise<void> {
  await db.run(sql`
    UPDATE erased_keys SET readmitted_at = ${at}
    WHERE workspace_id = ${workspaceId} AND erasure_id = ${erasureId}`);
}

/** Which events of the log are tombstones, by their hashed keys. */
export async function findTombstones(
  db: Db,
  keys: readonly { workspace_id: number; source_id: string; event_id: string }[],
): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const table = db.engine === "sqlite" ? sql`events` : sql`event_keys`;
  const rows = await db.all<{ event_id: string }>(sql`
    SELECT e.event_id FROM ${jsonRows(db.engine, JSON.stringify(keys))} CROSS JOIN ${table} AS e
    WHERE e.workspace_id = CAST(r.value ->> 'workspace_id' AS BIGINT)
      AND e.source_id = r.value ->> 'source_id' AND e.event_id = r.value ->> 'event_id'`);
  return new Set(rows.map(({ event_id }) => event_id));
}

/** Puts keys of a contact that had come back under its new erasure. */
export function reviveKeys(
  engine: Engine,
  workspaceId: number,
  erasureId: string,
  keys: readonly ErasedKey[],
): BatchStatement[] {
  const json = JSON.stringify(keys.map(({ key_hash: hash }) => ({ hash })));
  return [
    sql`
      UPDATE erased_keys SET erasure_id = ${erasureId}, readmitted_at = NULL
      WHERE workspace_id = ${workspaceId}
        AND key_hash IN (SELECT r.value ->> 'hash' FROM ${jsonRows(engine, json)})`,
  ];
}
