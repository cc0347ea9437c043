import type { Db } from "../../db/db.ts";
import { sql } from "../../db/sql.ts";
import type { Refs } from "../../lib/refs.ts";
import { type ErasedKey, enterKeys, readLedger } from "./store-ledger.ts";

/** References looked at in one read. */
const PAGE = 5000;

/**
 * Enters keys that the database lacks: it was restored from a backup of before their erasure.
 *
 * @returns the keys that were missing
 */
export async function enterMissingKeys(
  db: Db,
  kept: readonly ErasedKey[],
): Promise<readonly ErasedKey[]> {
  if (kept.length === 0) return [];
  const known = new Set((await readLedger(db)).map(nameOf));
  const missing = kept.filter((key) => !known.has(nameOf(key)));
  if (missing.length > 0) await db.batch([enterKeys(missing)]);
  return missing;
}

/** The contacts that came back: references whose hash is among the keys. */
export async function findReturned(
  db: Db,
  refsOf: (workspaceId: number) => Refs,
  keys: readonly ErasedKey[],
): Promise<{ workspaceId: number; ref: string }[]> {
  const wanted = new Set(keys.map(nameOf));
  const found: { workspaceId: number; ref: string }[] = [];
  for (const workspaceId of new Set(keys.map(({ workspace_id }) => workspace_id))) {
    const refs = refsOf(workspaceId);
    for (let after = ""; ; ) {
      const rows = await db.all<{ ref: string }>(sql`
        SELECT ref FROM contact_refs
        WHERE workspace_id = ${workspaceId} AND ref > ${after} ORDER BY ref LIMIT ${PAGE}`);
      for (const { ref } of rows) {
        const name = nameOf({ workspace_id: workspaceId, key_hash: refs.erased("contact", ref) });
        if (wanted.has(name)) found.push({ workspaceId, ref });
      }
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) break;
      after = last.ref;
    }
  }
  return found;
}

function nameOf({ workspace_id, key_hash }: Pick<ErasedKey, "workspace_id" | "key_hash">): string {
  return `${workspace_id} ${key_hash}`;
}
