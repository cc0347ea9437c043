import express, { type Express } from "express";
import { loadHooks } from "../../../src/collect/hooks/catalog.ts";
import { createHookCounts } from "../../../src/collect/hooks/hook-counts.ts";
import { createHooks } from "../../../src/collect/hooks/hooks.ts";
import { createHookNetwork, type Fetch } from "../../../src/collect/hooks/network.ts";
import { createHookRoutes } from "../../../src/collect/hooks/routes.ts";
import { createHookStore } from "../../../src/collect/hooks/store.ts";
import type { Db } from "../../../src/db/db.ts";
import { storageUnavailable } from "../../../src/db/failures.ts";
import { type Caller, setCaller } from "../../../src/lib/caller.ts";
import { createKeyring } from "../../../src/lib/keyring.ts";
import { createRefs } from "../../../src/lib/refs.ts";
import type { EventRow } from "../../../src/log/event.ts";
import type { RejectedItem } from "../../../src/log/failed-events.ts";
import { NOW, renderError } from "../app.ts";

/** The references of every workspace of these tests. */
export const refs = createRefs(Buffer.alloc(32, 7));

/** Sent to ana@example.com under the message id order-7. */
export const ORDER_7 = { campaign_id: "camp", recipient_contact: "ana-by-id" };

const SECRET: Caller = { workspaceId: 1, kind: "secret", id: "key", scopes: new Set(["admin"]) };

export interface HookApp {
  readonly app: Express;
  readonly events: EventRow[];
  readonly rejected: RejectedItem[];
  /** Addresses that were asked, in order. */
  readonly asked: string[];
  /** How the database is, as far as mails and contacts are concerned. */
  readonly state: { database: "there" | "away" | "frozen" };
  /** What the settings say came from a provider. */
  countsOf(esp: string): Promise<Record<string, number> | undefined>;
}

/** The door and its settings over a real database; the mail order-7 was sent, bob@example.com is a contact. */
export async function createHookApp(
  db: Db,
  answers: Record<string, string> = {},
): Promise<HookApp> {
  const events: EventRow[] = [];
  const rejected: RejectedItem[] = [];
  const asked: string[] = [];
  const state: HookApp["state"] = { database: "there" };
  const find = async <T>(found: T): Promise<T> => {
    if (state.database === "away") throw storageUnavailable("The database is away.");
    return state.database === "there" ? found : new Promise<never>(() => {});
  };
  const fetch: Fetch = async (url) => {
    asked.push(url);
    return new Response(answers[url] ?? "", { status: url in answers ? 200 : 404 });
  };
  const onError = (error: unknown): never => {
    throw error;
  };
  const store = createHookStore(db);
  const counts = createHookCounts({ store, now: () => NOW, onError });
  const hooks = createHooks({
    catalog: await loadHooks(),
    store,
    counts,
    keys: createKeyring("a secret of the tests").keysFor("hook"),
    baseUrl: "https://t.example",
    defaultWorkspaceId: 1,
    now: () => NOW,
    recordAudit: async () => {},
    onError,
  });
  const mail = { message_id: refs.message("order-7"), ...ORDER_7 };
  const app = express();
  app.use(
    createHookRoutes({
      hooks,
      counts,
      network: createHookNetwork(fetch),
      findSent: (_workspaceId, wanted) => find(wanted.includes(mail.message_id) ? [mail] : []),
      findKnown: (_workspaceId, wanted) => {
        const bob = refs.contact({ email: "bob@example.com" }) ?? "";
        return find(new Set(wanted.filter((ref) => ref === bob)));
      },
      refsOf: () => refs,
      record: async (more) => void events.push(...more),
      keepRejected: async (more) => void rejected.push(...more),
      catchUp: async () => {},
      onWaiting: () => {},
      authorize: () => (req, res, next) => {
        setCaller(res, { ...SECRET, workspaceId: Number(req.get("as-workspace") ?? 1) });
        next();
      },
      findKey: (secret) => (secret === "api-key" ? SECRET : undefined),
      defaultWorkspaceId: 1,
      now: () => NOW,
    }),
  );
  app.use(renderError);
  return {
    app,
    events,
    rejected,
    asked,
    state,
    async countsOf(esp) {
      return (await hooks.list(1)).find((hook) => hook.esp === esp)?.counts;
    },
  };
}
