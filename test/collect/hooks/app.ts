import express, { type Express } from "express";
import { loadHooks } from "../../../src/collect/hooks/catalog.ts";
import { createHookCounts } from "../../../src/collect/hooks/hook-counts.ts";
import { createHooks } from "../../../src/collect/hooks/hooks.ts";
import { createHookNetwork, type Fetch } from "../../../src/collect/hooks/network.ts";
import { createHookRoutes } from "../../../src/collect/hooks/routes.ts";
import { createHookStore } from "../../../src/collect/hooks/store.ts";
import type { Db } from "../../../src/db/db.ts";
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
      findSent: async (_workspaceId, wanted) => (wanted.includes(mail.message_id) ? [mail] : []),
      findKnown: async (_workspaceId, wanted) => {
        const bob = refs.contact({ email: "bob@example.com" }) ?? "";
        return new Set(wanted.filter((ref) => ref === bob));
      },
      refsOf: () => refs,
      record: async (more) => void events.push(...more),
      keepRejected: async (more) => void rejected.push(...more),
      catchUp: async () => {},
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
    async countsOf(esp) {
      return (await hooks.list(1)).find((hook) => hook.esp === esp)?.counts;
    },
  };
}
