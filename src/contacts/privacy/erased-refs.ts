import type { Db } from "../../db/db.ts";
import { createRecentCache } from "../../lib/recent-cache.ts";
import type { Refs } from "../../lib/refs.ts";
import { findErased, hasErased } from "./store-ledger.ts";

/** Those of the references whose contact was erased. */
export type ErasedRefs = (
  workspaceId: number,
  refs: readonly string[],
) => Promise<ReadonlySet<string>>;

/** Hashes that are remembered. */
const REMEMBERED = 20_000;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * Asks the ledger in the database, never a copy: an erasure ends the slices that were read before it, and those
 * that follow must see it.
 */
export function createErasedRefs(db: Db, refsOf: (workspaceId: number) => Refs): ErasedRefs {
  const hashes = createRecentCache<string>(REMEMBERED);
  const hashOf = (workspaceId: number, ref: string): string => {
    const name = `${workspaceId} ${ref}`;
    const hash = hashes.get(name) ?? refsOf(workspaceId).erased("contact", ref);
    hashes.set(name, hash);
    return hash;
  };
  return async (workspaceId, refs) => {
    if (refs.length === 0 || !(await hasErased(db, workspaceId))) return NOBODY;
    const hashed = refs.map((ref) => ({ ref, hash: hashOf(workspaceId, ref) }));
    const erased = await findErased(
      db,
      workspaceId,
      hashed.map(({ hash }) => hash),
    );
    return new Set(hashed.flatMap(({ ref, hash }) => (erased.has(hash) ? [ref] : [])));
  };
}
