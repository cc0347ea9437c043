import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { MAX_NAME_LENGTH } from "../../collect/limits.ts";
import { plannedEventSchema } from "../../collect/routes-plan.ts";
import { AppError } from "../../lib/errors.ts";
import { validate } from "../../lib/validate.ts";
import { STANDARD_EVENTS } from "../../log/standard-events.ts";
import { textOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { mark, PLAN_DAYS, readFacts } from "./plan-facts.ts";
import { type PlanForm, readPlanForm, toPlanFormView } from "./plan-form.ts";
import { describeStandard, describeViolations } from "./plan-view.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";

const PATH = "/tracking-plan";

/** `/tracking-plan/event`: one event, standard or custom, and the form that declares it. */
export function createPlannedEventPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { access, trackingPlan, auditPlan } = deps;

  /** One event: as it is declared, as it was sent just now, or a new one. */
  async function showEvent(req: Request, res: Response, sent?: PlanForm, problems: string[] = []) {
    const { workspaceId, scopes } = signedInOf(res).caller;
    const name = sent?.name ?? textOf(req, "name").slice(0, MAX_NAME_LENGTH);
    const { planned, use, isConversion } = await readFacts(deps, workspaceId);
    const declared = planned.find((one) => one.name === name);
    const standard = STANDARD_EVENTS.get(name);
    const used = use.find(({ event }) => event === name);
    const form = sent ?? {
      name,
      parameters: declared?.parameters ?? [],
      conversion: isConversion(name),
    };
    const view = {
      isAdmin: scopes.has("admin"),
      name,
      isDeclared: declared !== undefined,
      conversion: isConversion(name),
      standard: standard ? describeStandard(standard) : null,
      events: used?.events ?? 0,
      violations: describeViolations(used),
      days: PLAN_DAYS,
      problems,
      form: toPlanFormView(form),
    };
    const status = problems.length > 0 ? 422 : 200;
    const title = name || "New event";
    show(req, res, { template: "planned-event", title, current: PATH, view, status });
  }

  router.get(`${PATH}/event`, gate, (req, res) => showEvent(req, res));

  router.post(`${PATH}/event`, gate, async (req, res) => {
    const sent = await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    const form = readPlanForm(sent);
    if (sent.has("more")) return showEvent(req, res, form);
    const { name, conversion } = form;
    try {
      const { parameters } = validate(plannedEventSchema, { parameters: form.parameters });
      await trackingPlan.put(caller.workspaceId, { name, parameters });
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error;
      return showEvent(req, res, form, problemsOf(error));
    }
    await auditPlan(caller, "put", name);
    await mark(deps, caller, name, conversion);
    res.redirect(303, PATH);
  });

  router.post(`${PATH}/event/remove`, gate, async (req, res) => {
    const form = await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    const name = form.get("name") ?? "";
    await trackingPlan.remove(caller.workspaceId, name);
    await auditPlan(caller, "remove", name);
    res.redirect(303, PATH);
  });

  return router;
}

/** `/parameters/1/name` is said as "Parameter 2". */
function problemsOf({ errors, message }: AppError): string[] {
  if (errors.length === 0) return [message];
  return errors.map(({ pointer, message: problem }) => {
    const [, , row] = pointer.split("/");
    return row === undefined ? problem : `Parameter ${Number(row) + 1}: ${problem}`;
  });
}
