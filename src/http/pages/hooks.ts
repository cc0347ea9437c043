import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { actorOf } from "../../access/access.ts";
import type { HookView } from "../../collect/hooks/hooks.ts";
import { UNMATCHED_MAIL } from "../../collect/hooks/report.ts";
import { AppError } from "../../lib/errors.ts";
import { textOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";

const PATH = "/settings/hooks";

/** What became of the form of one provider. */
interface HookForm {
  readonly esp: string;
  /** A secret just made, shown this once. */
  readonly secret: string;
  readonly error: string;
}

const NOTHING: HookForm = { esp: "", secret: "", error: "" };

/** `/settings/hooks`: email providers that report what became of mails. */
export function createHookPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { access, hooks, failedEvents, auditFailed } = deps;

  async function showHooks(req: Request, res: Response, form: HookForm, status = 200) {
    const { workspaceId, scopes } = signedInOf(res).caller;
    const list = await hooks.list(workspaceId);
    const refused = await failedEvents.count(workspaceId, "open");
    const view = {
      unmatched: refused.find(({ reason }) => reason === UNMATCHED_MAIL)?.count ?? 0,
      unmatchedHref: `/failed-events?${new URLSearchParams({ reason: UNMATCHED_MAIL })}`,
      done: sayMatched(textOf(req, "matched")),
      isAdmin: scopes.has("admin"),
      hooks: list.map((hook) => ({
        ...describe(hook),
        ...(hook.esp === form.esp ? form : NOTHING),
        name: hook.esp,
      })),
    };
    show(req, res, { template: "hooks", title: "Webhooks", current: "/settings", view, status });
  }

  router.get(PATH, gate, (req, res) => showHooks(req, res, NOTHING));

  router.post(`${PATH}/unmatched/replay`, gate, async (req, res) => {
    await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    const { replayed, still_refused: left } = await failedEvents.replayAll(
      caller.workspaceId,
      UNMATCHED_MAIL,
    );
    await auditFailed(caller, "replay_all", UNMATCHED_MAIL);
    res.redirect(303, `${PATH}?matched=${replayed}-${left}`);
  });

  router.post(`${PATH}/:esp`, gate, async (req: Request<{ esp: string }>, res) => {
    const form = await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    const { esp } = req.params;
    const given = (form.get("credential") ?? "").trim();
    try {
      const credential = given === "" ? undefined : given;
      const stored = await hooks.set(caller.workspaceId, esp, credential, actorOf(caller));
      const secret = credential === undefined ? stored : "";
      await showHooks(req, res, { esp, secret, error: "" });
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error;
      await showHooks(req, res, { esp, secret: "", error: error.message }, 422);
    }
  });

  router.post(`${PATH}/:esp/remove`, gate, async (req: Request<{ esp: string }>, res) => {
    await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    await hooks.remove(caller.workspaceId, req.params.esp, actorOf(caller));
    res.redirect(303, PATH);
  });

  return router;
}

/** The address carries numbers, not the sentence: nobody else's words appear on the page. */
function sayMatched(code: string): string {
  const [, matched, left] = /^(\d{1,9})-(\d{1,9})$/.exec(code) ?? [];
  return matched === undefined ? "" : `Matched: ${matched}. Still of nobody known here: ${left}.`;
}

/** What is worth a look comes last, with a word of what it means. */
const TROUBLE: Record<string, string> = {
  unmatched: "of mails and contacts not known here",
  invalid: "not understood",
  refused: "with a wrong signature",
};

function describe(hook: HookView) {
  const counts = Object.entries(hook.counts);
  return {
    ...hook,
    facts: counts
      .filter(([outcome]) => !Object.hasOwn(TROUBLE, outcome))
      .map(([outcome, total]) => ({ outcome, total })),
    trouble: counts
      .filter(([outcome, total]) => total > 0 && Object.hasOwn(TROUBLE, outcome))
      .map(([outcome, total]) => ({ outcome, total, text: TROUBLE[outcome] })),
  };
}
