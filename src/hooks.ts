import { setTimeout as sleep } from "node:timers/promises";
import type { Access } from "./access/access.ts";
import { DEFAULT_WORKSPACE_ID } from "./access/directory.ts";
import { loadHooks } from "./collect/hooks/catalog.ts";
import { createHookCounts, type HookCounts } from "./collect/hooks/hook-counts.ts";
import { createHooks, type Hooks } from "./collect/hooks/hooks.ts";
import type { MatchDeps } from "./collect/hooks/match.ts";
import { createHookNetwork } from "./collect/hooks/network.ts";
import { createHookReports, type HookReports } from "./collect/hooks/reports.ts";
import { createHookRoutes } from "./collect/hooks/routes.ts";
import { createHookStore, type HookStore } from "./collect/hooks/store.ts";
import { findKnownRefs } from "./contacts/known-refs.ts";
import type { Clock } from "./lib/clock.ts";
import type { KeptCopy } from "./lib/kept-copy.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Storage } from "./storage.ts";

/** What providers of email report: their settings, and the door they send to. */
export interface ServiceHooks {
  readonly hooks: Hooks;
  readonly counts: HookCounts;
  readonly store: HookStore;
  /** Those that are kept, but no facts yet. */
  readonly reports: HookReports;
}

interface ServiceHooksDeps {
  readonly storage: Storage;
  readonly access: Pick<Access, "recordAudit" | "refsOf">;
  /** This node's copy of the credentials on disk; none without. */
  readonly kept?: KeptCopy;
  readonly baseUrl: string;
  readonly now: Clock;
  readonly onError: (error: unknown) => void;
}

interface HookDoorDeps {
  readonly storage: Storage;
  readonly access: Access;
  readonly pipeline: Pipeline;
  readonly now: Clock;
  readonly onWaiting: () => void;
}

/** How long a report waits for the mail it is about to reach the log and its contact. */
const CATCH_UP_MS = 1000;
const LOOK_MS = 50;

/** Puts the webhooks' settings together. */
export async function createServiceHooks(deps: ServiceHooksDeps): Promise<ServiceHooks> {
  const { storage, access, kept, baseUrl, now, onError } = deps;
  const store = createHookStore(storage.db);
  const counts = createHookCounts({ store, now, onError });
  const hooks = createHooks({
    catalog: await loadHooks(),
    store,
    counts,
    keys: storage.keyring.keysFor("hook"),
    ...(kept === undefined ? {} : { kept }),
    baseUrl,
    defaultWorkspaceId: DEFAULT_WORKSPACE_ID,
    now,
    recordAudit: access.recordAudit,
    onError,
  });
  const reports = createHookReports({
    hooks,
    counts,
    refsOf: access.refsOf,
    ...matchIn(storage, store),
  });
  return { hooks, counts, store, reports };
}

function matchIn({ db }: Storage, { findSent }: HookStore): MatchDeps {
  return { findSent, findKnown: (workspaceId, refs) => findKnownRefs(db, workspaceId, refs) };
}

/** The door, and the API of the settings. */
export function createServiceHookRoutes(
  { hooks, counts, store }: ServiceHooks,
  { storage, access, pipeline, now, onWaiting }: HookDoorDeps,
) {
  return createHookRoutes({
    hooks,
    counts,
    ...matchIn(storage, store),
    network: createHookNetwork((url, init) => fetch(url, init)),
    refsOf: access.refsOf,
    record: pipeline.record,
    keepRejected: pipeline.keepRejected,
    async catchUp() {
      for (let left = CATCH_UP_MS; left > 0; left -= LOOK_MS) {
        if (await pipeline.inbox.isSettled()) return;
        await sleep(LOOK_MS);
      }
    },
    authorize: access.authorize,
    findKey: access.findKey,
    defaultWorkspaceId: DEFAULT_WORKSPACE_ID,
    onWaiting,
    now,
  });
}
