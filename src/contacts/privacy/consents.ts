import type { Db } from "../../db/db.ts";
import type { KeptCopy } from "../../lib/kept-copy.ts";
import { createSnapshot, type Keeper } from "../../lib/snapshot.ts";
import type { Consent } from "./consent.ts";
import { type ConsentStore, createConsentStore } from "./store-consent.ts";

/** What contacts allow, in memory: within a second of another node's change. */
export interface Consents {
  /** Whether nobody of the workspace ever said anything. */
  isEmpty(workspaceId: number): boolean;
  /** Of the contact of a reference; undefined where it has said nothing. */
  ofContact(workspaceId: number, ref: string): Consent | undefined;
  /** Of the contact whose visitor this is, where it restricts what is kept of the site. */
  ofVisitor(workspaceId: number, anonymousId: string): Consent | undefined;
  refresh(): Promise<void>;
  /** Takes the copy of an earlier run, for a database that is away. */
  restore(): Promise<void>;
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

/**
 * @param kept         this node's copy on disk; a command keeps none
 * @param monotonicNow milliseconds that never jump
 */
export function createConsents(
  db: Db,
  kept: KeptCopy | undefined,
  monotonicNow: () => number,
  onError: (error: unknown) => void,
): Consents {
  const store = createConsentStore(db);
  const nothing: Loaded = { stamp: "", loadedAt: 0, byWorkspace: new Map() };
  const snapshot = createSnapshot(nothing, load, onError, kept && createKeeper(kept));

  async function load(): Promise<Loaded> {
    const before = snapshot.current();
    const stamp = await store.stamp();
    const isFresh = before.byWorkspace.size === 0 || monotonicNow() - before.loadedAt < RELOAD_MS;
    if (stamp === before.stamp && isFresh) return before;
    const rows = stamp.startsWith("0/") ? [] : await readRows(store);
    return { stamp, loadedAt: monotonicNow(), byWorkspace: index(rows) };
  }

  return {
    isEmpty: (workspaceId) => !snapshot.current().byWorkspace.has(workspaceId),
    ofContact: (workspaceId, ref) =>
      snapshot.current().byWorkspace.get(workspaceId)?.contacts.get(ref),
    ofVisitor: (workspaceId, anonymousId) =>
      snapshot.current().byWorkspace.get(workspaceId)?.visitors.get(anonymousId),
    refresh: snapshot.refresh,
    restore: snapshot.restore,
    start: snapshot.start,
    stop: snapshot.stop,
  };
}

/** Whose consent it is, and what it says: also a line of the copy on disk. */
type NamedConsent = readonly [
  workspaceId: number,
  kind: "contacts" | "visitors",
  key: string,
  consent: Consent,
];

async function readRows(store: ConsentStore): Promise<NamedConsent[]> {
  const [byRef, byVisitor] = await Promise.all([store.byRef(), store.byVisitor()]);
  return [
    ...byRef.map((row): NamedConsent => [row.workspace_id, "contacts", row.key, consentOf(row)]),
    ...byVisitor.map(
      (row): NamedConsent => [row.workspace_id, "visitors", row.key, consentOf(row)],
    ),
  ];
}

function consentOf({ clicks, opens, site }: Consent): Consent {
  return { clicks, opens, site };
}

function index(rows: Iterable<NamedConsent>): Loaded["byWorkspace"] {
  const byWorkspace = new Map<number, WorkspaceConsents>();
  for (const [workspaceId, kind, key, consent] of rows) {
    const own = byWorkspace.get(workspaceId) ?? { contacts: new Map(), visitors: new Map() };
    byWorkspace.set(workspaceId, own);
    own[kind].set(key, consent);
  }
  return byWorkspace;
}

function createKeeper(kept: KeptCopy): Keeper<Loaded> {
  let written = "";
  return {
    keep(loaded) {
      const state = describe(loaded);
      if (state === written) return;
      written = state;
      kept.write(() => toRows(loaded));
    },
    async restore() {
      // Only what this node has written itself; `KeptCopy` says when the format is another.
      const rows = (await kept.read()) as readonly NamedConsent[] | undefined;
      return rows && { stamp: "", loadedAt: 0, byWorkspace: index(rows) };
    },
  };
}

/** It is loaded every few seconds; as a rule nothing is new but who is linked to whom. */
function describe({ stamp, byWorkspace }: Loaded): string {
  const sizes = [...byWorkspace].map(([id, own]) => [id, own.contacts.size, own.visitors.size]);
  return JSON.stringify([stamp, sizes]);
}

function* toRows({ byWorkspace }: Loaded): Generator<NamedConsent> {
  for (const [id, { contacts, visitors }] of byWorkspace) {
    for (const [key, consent] of contacts) yield [id, "contacts", key, consent];
    for (const [key, consent] of visitors) yield [id, "visitors", key, consent];
  }
}
