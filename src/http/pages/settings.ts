import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { actorOf } from "../../access/access.ts";
import { SCOPES } from "../../access/api-keys.ts";
import type { Scope } from "../../lib/caller.ts";
import type { Retention } from "../../lib/retention.ts";
import { OPEN_MODES, type OpenMode } from "../../tracking/open-settings.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { PageRequest, Show } from "./show.ts";

interface KeyForm {
  name: string;
  scopes: readonly Scope[];
  error: string;
  /** The key just made, shown this once. */
  key: string;
}

const LONGEST_NAME = 100;
const DAY_MS = 86_400_000;

const SCOPE_TEXT: Record<Scope, string> = {
  rewrite: "rewrite emails",
  collect: "send events",
  read: "read contacts and reports",
  admin: "do everything, keys included",
};

const OPENS_TEXT: Record<OpenMode, string> = {
  individual: "by contact, on the journey",
  aggregate: "as a number for each campaign, naming nobody",
  none: "not at all",
};

/** `/settings`: keys, how opens are counted, and who is signed in. */
export function createSettingsPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { access } = deps;

  const showSettings = async (
    req: PageRequest,
    res: Response,
    form: KeyForm,
    status = 200,
  ): Promise<void> => {
    const { caller, email } = signedInOf(res);
    const keys = await access.listKeys(caller.workspaceId);
    const view = {
      form,
      email,
      domains: deps.domains.list(caller.workspaceId).map(({ host }) => host),
      isAdmin: caller.scopes.has("admin"),
      scopes: SCOPES.map((name) => ({
        name,
        text: SCOPE_TEXT[name],
        isOn: form.scopes.includes(name),
      })),
      opens: OPEN_MODES.map((mode) => ({
        mode,
        text: OPENS_TEXT[mode],
        isOn: mode === deps.opensOf(caller.workspaceId),
      })),
      retention: describeRetention(deps.privacy.retention),
      keys: keys
        .filter((key) => key.revoked_at === null)
        .map((key) => ({ ...key, scopes: key.scopes.join(", ") })),
    };
    show(req, res, { template: "settings", title: "Settings", current: "/settings", view, status });
  };

  router.get("/settings", gate, (req, res) => showSettings(req, res, emptyForm()));

  router.post("/settings/keys", gate, async (req, res) => {
    const form = await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    const name = (form.get("name") ?? "").trim();
    const scopes = SCOPES.filter((scope) => form.getAll("scope").includes(scope));
    const error = mistakeIn(name, scopes);
    if (error) return showSettings(req, res, { name, scopes, error, key: "" }, 422);
    const { key } = await access.createApiKey(
      caller.workspaceId,
      { name, scopes },
      actorOf(caller),
    );
    await showSettings(req, res, { ...emptyForm(), key });
  });

  router.post("/settings/opens", gate, async (req, res) => {
    const form = await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    const mode = OPEN_MODES.find((known) => known === form.get("opens"));
    if (mode) await deps.changeOpens(caller, mode);
    res.redirect(303, "/settings#opens");
  });

  router.post("/settings/keys/:id/revoke", gate, async (req: Request<{ id: string }>, res) => {
    await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    await access.revokeKey(caller.workspaceId, req.params.id, actorOf(caller));
    res.redirect(303, "/settings");
  });

  return router;
}

function emptyForm(): KeyForm {
  return { name: "", scopes: ["rewrite", "collect", "read"], error: "", key: "" };
}

function mistakeIn(name: string, scopes: readonly Scope[]): string {
  if (name === "") return "Give the key a name, so that you know it again.";
  if (name.length > LONGEST_NAME) return `Give it a name of at most ${LONGEST_NAME} characters.`;
  return scopes.length === 0 ? "Tick at least one thing that the key may do." : "";
}

/** How long events are kept, in words. */
function describeRetention({ defaultMs, byType }: Retention): string {
  const days = (ms: number): string => (ms === 0 ? "for ever" : `${ms / DAY_MS} days`);
  const types = [...byType].map(([type, ms]) => `${type} ${days(ms)}`);
  return [`Events are kept ${days(defaultMs ?? 0)}`, ...types].join(", ");
}
