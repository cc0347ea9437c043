import { randomBytes } from "node:crypto";
import type { Caller, Scope } from "../lib/caller.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/errors.ts";
import { createRefs, type Refs } from "../lib/refs.ts";
import { createSnapshot } from "../lib/snapshot.ts";
import { hashSecret, SCOPES } from "./api-keys.ts";
import type { AccessStore, KeyRow, WorkspaceRow } from "./store.ts";

/** The workspace that always exists. */
export const DEFAULT_WORKSPACE_ID = 1;

/** The site of WRITE_KEY, in the default workspace. */
export const DEFAULT_SITE_ID = "site-default";

/** Keys set at start through the environment; they work before and without the database. */
export interface EnvironmentKeys {
  apiKey?: string | undefined;
  writeKey?: string | undefined;
}

/** Workspaces and keys in memory: what every request asks, without the database. */
export interface Directory {
  /** Loads, and keeps following other nodes' changes. Doesn't reject when the database is away. */
  start(): Promise<void>;
  stop(): void;
  refresh(): Promise<void>;
  /** False until the first load; until then an unknown key may yet turn out to be a known one. */
  isLoaded(): boolean;
  findKey(key: string): Caller | undefined;
  /** @throws {AppError} `not_ready` (503) before the first load, `not_found` for an unknown id */
  refsOf(workspaceId: number): Refs;
}

interface DirectoryDeps {
  store: AccessStore;
  now: Clock;
  environmentKeys: EnvironmentKeys;
  onError(error: unknown): void;
}

interface KnownKey {
  caller: Caller;
  expiresAt: number;
}

interface Loaded {
  stamp: string;
  keys: ReadonlyMap<string, KnownKey>;
  refs: ReadonlyMap<number, Refs>;
}

export function createDirectory(deps: DirectoryDeps): Directory {
  const { store, now, environmentKeys, onError } = deps;
  const fixed = environmentCallers(environmentKeys);
  const nothing: Loaded = { stamp: "", keys: new Map(), refs: new Map() };
  const snapshot = createSnapshot(nothing, load, onError);

  async function load(): Promise<Loaded> {
    const stamp = await store.stamp();
    if (stamp === snapshot.current().stamp) return snapshot.current();
    const workspaces = await ensureDefault(store, now());
    const keys = await store.activeKeys();
    return {
      stamp,
      keys: new Map(keys.map((row) => [row.hash, toKnownKey(row)])),
      refs: new Map(workspaces.map((row) => [row.workspace_id, toRefs(row)])),
    };
  }

  return {
    start: snapshot.start,
    stop: snapshot.stop,
    refresh: snapshot.refresh,
    isLoaded: () => snapshot.current() !== nothing,
    findKey(key) {
      // A hash as map key: its bytes are nothing an asker could steer, so timing tells nothing.
      const hash = hashSecret(key);
      const known = fixed.get(hash) ?? snapshot.current().keys.get(hash);
      return known && known.expiresAt > now() ? known.caller : undefined;
    },
    refsOf(workspaceId) {
      const refs = snapshot.current().refs.get(workspaceId);
      if (refs) return refs;
      if (snapshot.current() === nothing) throw notReady();
      throw new AppError("not_found", 404, `There is no workspace ${workspaceId}.`);
    },
  };
}

/** The refusal while the keys have not been read yet. */
export function notReady(): AppError {
  return new AppError("not_ready", 503, "The service is starting and has not read its keys yet.", {
    hint: "Try again in a second.",
    retryAfterS: 1,
  });
}

async function ensureDefault(store: AccessStore, now: number): Promise<WorkspaceRow[]> {
  const workspaces = await store.workspaces();
  if (workspaces.some((row) => row.workspace_id === DEFAULT_WORKSPACE_ID)) return workspaces;
  // Of several nodes one wins the insert; all of them read what it wrote.
  await store.addWorkspace({
    workspace_id: DEFAULT_WORKSPACE_ID,
    slug: "default",
    name: "Default",
    ref_key: createRefKey(),
    created_at: now,
  });
  return store.workspaces();
}

/** 32 random bytes as base64: see `lib/refs.ts`. */
export function createRefKey(): string {
  return randomBytes(32).toString("base64");
}

function environmentCallers({ apiKey, writeKey }: EnvironmentKeys): Map<string, KnownKey> {
  const known = new Map<string, KnownKey>();
  const add = (key: string, kind: Caller["kind"], id: string, scopes: readonly Scope[]) => {
    const caller = { workspaceId: DEFAULT_WORKSPACE_ID, kind, id, scopes: new Set(scopes) };
    known.set(hashSecret(key), { caller, expiresAt: Number.POSITIVE_INFINITY });
  };
  if (writeKey) add(writeKey, "site", DEFAULT_SITE_ID, ["collect"]);
  if (apiKey) add(apiKey, "secret", "api-key", SCOPES);
  return known;
}

function toKnownKey(row: KeyRow): KnownKey {
  const scopes = SCOPES.filter((scope) => row.scopes.split(",").includes(scope));
  return {
    caller: {
      workspaceId: row.workspace_id,
      kind: row.kind,
      id: row.site_id ?? row.key_id,
      scopes: new Set(scopes),
    },
    expiresAt: row.expires_at ?? Number.POSITIVE_INFINITY,
  };
}

function toRefs(row: WorkspaceRow): Refs {
  return createRefs(Buffer.from(row.ref_key, "base64"));
}
