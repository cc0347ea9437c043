import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { AppError } from "../../lib/errors.ts";
import { validate } from "../../lib/validate.ts";
import { triggerSchema } from "../../site/triggers/schema.ts";
import { TRIGGER_TYPES, type TriggerType } from "../../site/triggers/vocabulary.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { PageRequest, Show } from "./show.ts";
import {
  emptyTriggerForm,
  readTriggerForm,
  type TriggerForm,
  TYPE_TEXTS,
  toDefinition,
  toFormView,
  toTriggerForm,
} from "./trigger-form.ts";

type SiteRequest = Request<{ id: string }>;
type TriggerRequest = Request<{ id: string; trigger: string }>;

/** What a form of a trigger is shown with. */
interface Shown {
  readonly siteId: string;
  /** Empty for a new one. */
  readonly triggerId: string;
  readonly form: TriggerForm;
  readonly problems: readonly string[];
}

/** `/sites/:id/triggers/new` and `/sites/:id/triggers/:trigger`: the forms that make and change one. */
export function createTriggerPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { triggers } = deps;

  const showForm = async (req: PageRequest, res: Response, shown: Shown): Promise<void> => {
    const { siteId, triggerId, form, problems } = shown;
    const { site } = await triggers.draft(signedInOf(res).caller.workspaceId, siteId);
    const siteHref = `/sites/${encodeURIComponent(siteId)}`;
    show(req, res, {
      template: "trigger",
      title: form.name || "New trigger",
      current: "/sites",
      view: {
        site: { name: site.name, href: siteHref },
        action: `${siteHref}/triggers/${triggerId || `new?type=${form.type}`}`,
        isNew: triggerId === "",
        removal: triggerId === "" ? "" : `${siteHref}/triggers/${triggerId}/delete`,
        problems,
        form: toFormView(form),
      },
      status: problems.length > 0 ? 422 : 200,
    });
  };

  /** Saves a form, or shows it again with what is wrong, or with one row more where that was asked. */
  const save = async (
    req: Request,
    res: Response,
    { siteId, triggerId, type }: { siteId: string; triggerId: string; type: TriggerType },
  ): Promise<void> => {
    const sent = await readSessionForm(req, res, deps.access);
    const { caller, email } = requireAdmin(res);
    const form = readTriggerForm(type, sent);
    const shown = { siteId, triggerId, form, problems: [] };
    if (sent.has("more")) return showForm(req, res, shown);
    const by = { kind: caller.kind, id: caller.id, name: email };
    try {
      const definition = validate(triggerSchema, toDefinition(form), { what: "form" });
      const { workspaceId } = caller;
      if (triggerId === "") await triggers.add(workspaceId, siteId, definition, by);
      else await triggers.replace(workspaceId, siteId, { id: triggerId, ...definition }, by);
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error;
      return showForm(req, res, { ...shown, problems: problemsOf(error) });
    }
    res.redirect(303, `/sites/${encodeURIComponent(siteId)}`);
  };

  router.get("/sites/:id/triggers/new", gate, async (req: SiteRequest, res) => {
    const siteId = req.params.id;
    const type = typeOf(req.query["type"]);
    if (type) {
      const form = emptyTriggerForm(type);
      return showForm(req, res, { siteId, triggerId: "", form, problems: [] });
    }
    const { site } = await triggers.draft(signedInOf(res).caller.workspaceId, siteId);
    const types = TRIGGER_TYPES.map((name) => ({ name, ...TYPE_TEXTS[name] }));
    const href = `/sites/${encodeURIComponent(siteId)}`;
    const view = { site: { name: site.name, href }, types };
    show(req, res, { template: "trigger-types", title: "New trigger", current: "/sites", view });
  });

  router.post("/sites/:id/triggers/new", gate, async (req: SiteRequest, res) => {
    const type = typeOf(req.query["type"]);
    if (!type) throw new AppError("not_found", 404, "There is no such type of trigger.");
    await save(req as Request, res, { siteId: req.params.id, triggerId: "", type });
  });

  router.get("/sites/:id/triggers/:trigger", gate, async (req: TriggerRequest, res) => {
    const { id: siteId, trigger: triggerId } = req.params;
    const { workspaceId } = signedInOf(res).caller;
    const form = toTriggerForm(await triggers.find(workspaceId, siteId, triggerId));
    await showForm(req, res, { siteId, triggerId, form, problems: [] });
  });

  router.post("/sites/:id/triggers/:trigger", gate, async (req: TriggerRequest, res) => {
    const { id: siteId, trigger: triggerId } = req.params;
    const { workspaceId } = signedInOf(res).caller;
    const { on } = await triggers.find(workspaceId, siteId, triggerId);
    await save(req as Request, res, { siteId, triggerId, type: on.type });
  });

  router.post("/sites/:id/triggers/:trigger/delete", gate, async (req: TriggerRequest, res) => {
    await readSessionForm(req, res, deps.access);
    const { caller } = requireAdmin(res);
    await triggers.remove(caller.workspaceId, req.params.id, req.params.trigger);
    res.redirect(303, `/sites/${encodeURIComponent(req.params.id)}`);
  });

  return router;
}

function typeOf(asked: unknown): TriggerType | undefined {
  return TRIGGER_TYPES.find((type) => type === asked);
}

const PLACES: Record<string, string> = { conditions: "Condition", parameters: "Parameter" };

/** `/conditions/1/value` is said as "Condition 2". */
function problemsOf({ errors, message }: AppError): string[] {
  if (errors.length === 0) return [message];
  return errors.map(({ pointer, message: problem }) => {
    const [, list = "", row] = pointer.split("/");
    const place = PLACES[list];
    return place && row !== undefined ? `${place} ${Number(row) + 1}: ${problem}` : problem;
  });
}
