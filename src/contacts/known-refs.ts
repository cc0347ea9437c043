import type { Db } from "../db/db.ts";
import { join, sql } from "../db/sql.ts";

/** Those of the references that name a contact; by the primary key of `contact_refs`. */
export async function findKnownRefs(
  db: Db,
  workspaceId: number,
  refs: readonly string[],
): Promise<Set<string>> {
  if (refs.length === 0) return new Set();
  const rows = await db.all<{ ref: string }>(sql`
    SELECT ref FROM contact_refs
    WHERE workspace_id = ${workspaceId} AND ref IN (${join(refs)})`);
  return new Set(rows.map(({ ref }) => ref));
}
