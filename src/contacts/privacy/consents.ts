import type { Db } from "../../db/db.ts";
import { createSnapshot } from "../../lib/snapshot.ts";
import type { Consent } from "./consent.ts";
import { createConsentStore } from "./store-consent.ts";

/** What contacts allow, in memory: within a second of another node's change. */
export interface Consents {
  /** Whether nobody of the workspace ever said anything. */
  isEmpty(workspaceId: number): boolean;
  /** Of the contact of a reference; undefined where it has said nothing. */
  ofContact(workspaceId: number, ref: string): Consent | undefined;
  /** Of the contact whose visitor this is, where it restricts what is kept of the site. */
  ofVisitor(workspaceId: number, anonymousId: string): Consent | undefined;
  refresh(): Promise<void>;
  start(): Promise<void>;
  stop(): void;
}

interface Loaded {
  readonly stamp: string;
  readonly loadedAt: number;
  readonly byWorkspace: ReadonlyMap<number, WorkspaceConsents>;
}

interface WorkspaceConsents {
  readonly contacts: Map<string, Consent>;
  readonly visitors: Map<string, Consent>;
}

/** References and visitors that were linked to a contact since are looked for this often. */
const RELOAD_MS = 10_000;

/** @param monotonicNow milliseconds that never jump */
export function createConsents(
  db: Db,
  monotonicNow: () => number,
  onError: (error: unknown) => void,
): Consents {
  const store = createConsentStore(db);
  const nothing: Loaded = { stamp: "", loadedAt: 0, byWorkspace: new Map() };
  const snapshot = createSnapshot(nothing, load, onError);

  async function load(): Promise<Loaded> {
    const before = snapshot.current();
    const stamp = await store.stamp();
    const isFresh = before.byWorkspace.size === 0 || monotonicNow() - before.loadedAt < RELOAD_MS;
    if (stamp === before.stamp && isFresh) return before;
    const byWorkspace = new Map<number, WorkspaceConsents>();
    const of = (workspaceId: number): WorkspaceConsents => {
      const own = byWorkspace.get(workspaceId) ?? { contacts: new Map(), visitors: new Map() };
      byWorkspace.set(workspaceId, own);
      return own;
    };
    if (stamp.startsWith("0/")) return { stamp, loadedAt: monotonicNow(), byWorkspace };
    for (const { workspace_id, key, ...consent } of await store.byRef()) {
      of(workspace_id).contacts.set(key, consent);
    }
    for (const { workspace_id, key, ...consent } of await store.byVisitor()) {
      of(workspace_id).visitors.set(key, consent);
    }
    return { stamp, loadedAt: monotonicNow(), byWorkspace };
  }

  return {
    isEmpty: (workspaceId) => !snapshot.current().byWorkspace.has(workspaceId),
    ofContact: (workspaceId, ref) =>
      snapshot.current().byWorkspace.get(workspaceId)?.contacts.get(ref),
    ofVisitor: (workspaceId, anonymousId) =>
      snapshot.current().byWorkspace.get(workspaceId)?.visitors.get(anonymousId),
    refresh: () => snapshot.refresh(),
    async start() {
      await snapshot.refresh().catch(onError);
      snapshot.start();
    },
    stop: () => snapshot.stop(),
  };
}
