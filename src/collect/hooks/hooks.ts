import type { Actor, RecordAudit } from "../../lib/audit.ts";
import type { CatalogEntry } from "../../lib/catalog.ts";
import { AppError } from "../../lib/errors.ts";
import { createSecret } from "../../lib/ids.ts";
import type { KeptCopy } from "../../lib/kept-copy.ts";
import type { KeyPair } from "../../lib/keyring.ts";
import { createSnapshot } from "../../lib/snapshot.ts";
import type { HookDefinition } from "./define.ts";
import type { HookCounts } from "./hook-counts.ts";
import { keepCredentials, type SealedCredentials } from "./kept-credentials.ts";
import { openCredential, sealCredential } from "./seal.ts";
import type { HookStore } from "./store.ts";

/** A provider's webhook as the settings show it; its credential is never shown again. */
export interface HookView {
  readonly esp: string;
  readonly title: string;
  /** Where the provider sends to. */
  readonly url: string;
  /** What verifies it, for people. */
  readonly credential: string;
  /** Whether we make the credential unless one is given. */
  readonly is_minted: boolean;
  readonly configured: boolean;
  /** ISO 8601, UTC. */
  readonly last_received_at: string | null;
  /** What came, by outcome: a type of fact, or ignored, unmatched, invalid, refused. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The webhooks of every workspace. */
export interface Hooks {
  /** A provider by its name in the address. @throws {AppError} `not_found` */
  find(esp: string): CatalogEntry<HookDefinition>;
  /**
   * From memory; undefined where the workspace has set up none.
   *
   * @throws {AppError} `not_ready` (503) before the first load: providers take a 404 for an answer, and never come again
   */
  credentialOf(workspaceId: number, esp: string): string | undefined;
  list(workspaceId: number): Promise<HookView[]>;
  /**
   * Stores what verifies a provider; in force on this node when it resolves.
   *
   * @returns the credential: made by us where none was given and the provider allows it
   * @throws {AppError} `invalid_body` (422) for one that cannot be right
   */
  set(workspaceId: number, esp: string, given: string | undefined, actor: Actor): Promise<string>;
  remove(workspaceId: number, esp: string, actor: Actor): Promise<void>;
  /** Takes the copy of an earlier run, for a database that is away. */
  restore(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface HooksDeps {
  readonly catalog: readonly CatalogEntry<HookDefinition>[];
  readonly store: HookStore;
  readonly counts: HookCounts;
  readonly keys: KeyPair;
  /** This node's copy on disk; none without. */
  readonly kept?: KeptCopy;
  readonly baseUrl: string;
  readonly defaultWorkspaceId: number;
  readonly now: () => number;
  readonly recordAudit: RecordAudit;
  readonly onError: (error: unknown) => void;
}

const SECRET_LENGTH = 32;

/** The table `hooks` with its copy in memory. */
export function createHooks(deps: HooksDeps): Hooks {
  const { catalog, store, counts, keys, now, recordAudit, onError } = deps;
  const nothing: SealedCredentials = new Map();
  const keeper = deps.kept && keepCredentials(deps.kept);
  const snapshot = createSnapshot(nothing, load, onError, keeper);

  async function load(): Promise<SealedCredentials> {
    const rows = await store.all();
    return new Map(
      rows.map(({ workspace_id, esp, sealed }) => [ownerOf(workspace_id, esp), sealed]),
    );
  }

  function credentialOf(workspaceId: number, esp: string): string | undefined {
    const owner = ownerOf(workspaceId, esp);
    const sealed = snapshot.current().get(owner);
    return sealed === undefined ? undefined : openCredential(sealed, owner, keys);
  }

  function find(esp: string): CatalogEntry<HookDefinition> {
    const found = catalog.find(({ name }) => name === esp);
    if (found) return found;
    throw new AppError("not_found", 404, `There is no webhook "${esp}".`, {
      hint: `Webhooks are ${catalog.map(({ name }) => name).join(", ")}.`,
    });
  }

  function urlOf(workspaceId: number, esp: string): string {
    const query = workspaceId === deps.defaultWorkspaceId ? "" : `?workspace=${workspaceId}`;
    return `${deps.baseUrl}/v1/hooks/${esp}${query}`;
  }

  return {
    find,
    credentialOf(workspaceId, esp) {
      if (snapshot.current() === nothing) throw notReady();
      return credentialOf(workspaceId, esp);
    },
    async list(workspaceId) {
      const rows = await counts.read(workspaceId);
      return catalog.map(({ name, entry }) => {
        const own = rows.filter(({ esp }) => esp === name);
        const lastAt = Math.max(0, ...own.map(({ last_at }) => last_at));
        return {
          esp: name,
          title: entry.title,
          url: urlOf(workspaceId, name),
          credential: entry.credential.says,
          is_minted: entry.credential.isMinted,
          configured: credentialOf(workspaceId, name) !== undefined,
          last_received_at: lastAt === 0 ? null : new Date(lastAt).toISOString(),
          counts: Object.fromEntries(own.map(({ outcome, total }) => [outcome, total])),
        };
      });
    },
    async set(workspaceId, esp, given, actor) {
      const credential = checkCredential(find(esp).entry, given);
      const sealed = sealCredential(credential, ownerOf(workspaceId, esp), keys);
      await store.put({ workspace_id: workspaceId, esp, sealed, changed_at: now() });
      await snapshot.refresh();
      await recordAudit(workspaceId, actor, "hook.set", esp);
      return credential;
    },
    async remove(workspaceId, esp, actor) {
      const removed = await store.delete(workspaceId, find(esp).name);
      if (removed === 0) throw new AppError("not_found", 404, `No webhook of ${esp} is set up.`);
      await snapshot.refresh();
      await recordAudit(workspaceId, actor, "hook.remove", esp);
    },
    restore: snapshot.restore,
    async start() {
      await snapshot.start();
      counts.start();
    },
    async stop() {
      snapshot.stop();
      await counts.stop();
    },
  };
}

function notReady(): AppError {
  return new AppError("not_ready", 503, "The webhooks' settings have not been read yet.", {
    hint: "Send it again in a moment.",
    retryAfterS: 5,
  });
}

function ownerOf(workspaceId: number, esp: string): string {
  return `${workspaceId} ${esp}`;
}

function checkCredential({ credential }: HookDefinition, given: string | undefined): string {
  if (given === undefined && credential.isMinted) return createSecret(SECRET_LENGTH);
  const text = (given ?? "").trim();
  const message = credential.mistakeIn(text);
  if (message === undefined) return text;
  throw new AppError("invalid_body", 422, message, {
    errors: [{ pointer: "/credential", message }],
  });
}
