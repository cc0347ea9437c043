import type { Db } from "../../db/db.ts";
import { createRecentCache, type RecentCache } from "../../lib/recent-cache.ts";
import type { Refs } from "../../lib/refs.ts";
import { createSnapshot } from "../../lib/snapshot.ts";
import { type ErasedKey, readLedger, readLedgerStamp } from "./store-ledger.ts";

interface LedgerDeps {
  readonly db: Db;
  readonly refsOf: (workspaceId: number) => Refs;
  /** Told, before anything else sees them, that there are new keys, and which. */
  readonly onGrowth: (keys: readonly ErasedKey[]) => void;
  readonly onError: (error: unknown) => void;
}

/** The erasure ledger in memory: whose facts must not come back. Within a second of another node's erasure. */
export interface Ledger {
  /** Whether nobody of the workspace was ever erased: then nothing need be asked. */
  isEmpty(workspaceId: number): boolean;
  /**
   * Whether a contact reference or an anonymous id is an erased contact's.
   *
   * @param at when it was told: what a readmitted contact did before stays out
   */
  covers(workspaceId: number, kind: "contact" | "visitor", value: string, at: number): boolean;
  /** Whether nobody was ever erased anywhere. */
  isBlank(): boolean;
  /** False until the first load. */
  isLoaded(): boolean;
  refresh(): Promise<void>;
  /** Loads it if the database is there, and keeps following. */
  start(): Promise<void>;
  stop(): void;
}

interface Loaded {
  readonly stamp: string;
  /** Hash to the moment from which the contact may be known again. */
  readonly byWorkspace: ReadonlyMap<number, ReadonlyMap<string, number>>;
  /** Values asked for of late, with that moment; 0 for those that nobody erased. */
  readonly asked: RecentCache<number>;
}

/** Hashes that are remembered: one costs as much as the rest of an event. */
const REMEMBERED = 20_000;

/** Opens the ledger. */
export function createLedger({ db, refsOf, onGrowth, onError }: LedgerDeps): Ledger {
  const nothing = index("", []);
  const snapshot = createSnapshot(nothing, load, onError);

  async function load(): Promise<Loaded> {
    const before = snapshot.current();
    const stamp = await readLedgerStamp(db);
    if (stamp === before.stamp) return before;
    const keys = await readLedger(db);
    const fresh = keys.filter(
      ({ workspace_id, key_hash }) => !before.byWorkspace.get(workspace_id)?.has(key_hash),
    );
    if (fresh.length > 0) queueMicrotask(() => onGrowth(fresh));
    return index(stamp, keys);
  }

  return {
    isEmpty: (workspaceId) => !snapshot.current().byWorkspace.has(workspaceId),
    covers(workspaceId, kind, value, at) {
      const { byWorkspace, asked } = snapshot.current();
      const own = byWorkspace.get(workspaceId);
      if (!own) return false;
      const name = `${workspaceId} ${kind} ${value}`;
      const known = asked.get(name);
      const until = known ?? own.get(refsOf(workspaceId).erased(kind, value)) ?? 0;
      if (known === undefined) asked.set(name, until);
      return at < until;
    },
    isBlank: () => snapshot.current().byWorkspace.size === 0,
    isLoaded: () => snapshot.current() !== nothing,
    refresh: snapshot.refresh,
    start: snapshot.start,
    stop: snapshot.stop,
  };
}

function index(stamp: string, keys: readonly ErasedKey[]): Loaded {
  const byWorkspace = new Map<number, Map<string, number>>();
  for (const { workspace_id, key_hash, readmitted_at } of keys) {
    const own = byWorkspace.get(workspace_id) ?? new Map<string, number>();
    byWorkspace.set(workspace_id, own.set(key_hash, readmitted_at ?? Number.POSITIVE_INFINITY));
  }
  return { stamp, byWorkspace, asked: createRecentCache<number>(REMEMBERED) };
}
