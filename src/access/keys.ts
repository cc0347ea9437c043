import type { Actor, RecordAudit } from "../lib/audit.ts";
import type { Scope } from "../lib/caller.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/errors.ts";
import { toStorableText } from "../lib/storable.ts";
import { hashSecret, mintKey, SCOPES } from "./api-keys.ts";
import { createRefKey, type Directory } from "./directory.ts";
import type { AccessStore, KeyRow } from "./store.ts";

/** A key as lists and the API show it; the secret itself is never among it. Times ISO 8601 UTC. */
interface KeyInfo {
  id: string;
  kind: KeyRow["kind"];
  name: string;
  prefix: string;
  scopes: string[];
  site_id: string | null;
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
  revoked_at: string | null;
}

/** A key just made: the only time that `key` is known. */
type CreatedKey = KeyInfo & { key: string };

interface NewKey {
  name: string;
  scopes: readonly Scope[];
  /** Milliseconds since the Unix epoch; it works until then. */
  expiresAt?: number | undefined;
}

/** Making, listing and revoking keys. A change is in force on this node before it resolves. */
export interface Keys {
  createApiKey(workspaceId: number, key: NewKey, actor: Actor): Promise<CreatedKey>;
  /** A public key for a site's script: it only adds events, under the site's id. */
  createSiteKey(workspaceId: number, siteId: string, actor?: Actor): Promise<CreatedKey>;
  /** Newest first, revoked ones included. */
  listKeys(workspaceId: number): Promise<KeyInfo[]>;
  /** @throws {AppError} `not_found` (404) unless this workspace has such a key in force */
  revokeKey(workspaceId: number, keyId: string, actor: Actor): Promise<void>;
  /** A workspace of its own, and the first key of its admin. */
  createWorkspace(name: string, actor: Actor): Promise<{ id: number; key: CreatedKey }>;
}

interface KeysDeps {
  store: AccessStore;
  directory: Directory;
  audit: RecordAudit;
  now: Clock;
}

const SYSTEM: Actor = { kind: "system", id: "system" };

export function createKeys({ store, directory, audit, now }: KeysDeps): Keys {
  async function add(workspaceId: number, key: NewKey, siteId: string | null, actor: Actor) {
    const kind = siteId === null ? "secret" : "site";
    const minted = mintKey(kind);
    const row: KeyRow = {
      workspace_id: workspaceId,
      key_id: minted.id,
      kind,
      site_id: siteId,
      name: toStorableText(key.name),
      prefix: minted.prefix,
      hash: hashSecret(minted.key),
      scopes: SCOPES.filter((scope) => key.scopes.includes(scope)).join(","),
      created_at: now(),
      last_used_at: null,
      expires_at: key.expiresAt ?? null,
      revoked_at: null,
    };
    await store.addKey(row);
    await audit(workspaceId, actor, "key.create", row.key_id, { kind, scopes: row.scopes });
    await directory.refresh();
    return { ...toInfo(row), key: minted.key };
  }

  return {
    createApiKey: (workspaceId, key, actor) => add(workspaceId, key, null, actor),
    createSiteKey: (workspaceId, siteId, actor = SYSTEM) =>
      add(workspaceId, { name: "Site script", scopes: ["collect"] }, siteId, actor),
    listKeys: async (workspaceId) => (await store.keysOf(workspaceId)).map(toInfo),
    async revokeKey(workspaceId, keyId, actor) {
      if (!(await store.revokeKey(workspaceId, keyId, now()))) {
        throw new AppError("not_found", 404, "There is no such key, or it was revoked before.");
      }
      await audit(workspaceId, actor, "key.revoke", keyId);
      await directory.refresh();
    },
    async createWorkspace(name, actor) {
      const id = await addWorkspace(store, toStorableText(name), now());
      await audit(id, actor, "workspace.create", String(id));
      return { id, key: await add(id, { name: "First key", scopes: SCOPES }, null, actor) };
    },
  };
}

/** Ids are small numbers, so two at once can meet: the loser takes the next. */
const ATTEMPTS = 20;

async function addWorkspace(store: AccessStore, name: string, now: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const id = (await store.highestWorkspaceId()) + 1;
    // The id makes the slug unique, so only the id can be taken.
    const row = {
      workspace_id: id,
      slug: `${toSlug(name)}-${id}`,
      name,
      ref_key: createRefKey(),
      created_at: now,
    };
    if (await store.addWorkspace(row)) return id;
  }
  throw new AppError("stale_write", 503, "Too many workspaces are being made at once.", {
    retryAfterS: 1,
  });
}

function toSlug(name: string): string {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-");
  return slug.replace(/^-|-$/g, "").slice(0, 40) || "workspace";
}

function toInfo(row: KeyRow): KeyInfo {
  return {
    id: row.key_id,
    kind: row.kind,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes.split(","),
    site_id: row.site_id,
    created_at: new Date(row.created_at).toISOString(),
    last_used_at: toIso(row.last_used_at),
    expires_at: toIso(row.expires_at),
    revoked_at: toIso(row.revoked_at),
  };
}

function toIso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
