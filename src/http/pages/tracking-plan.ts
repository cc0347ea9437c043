import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { MAX_NAME_LENGTH } from "../../collect/limits.ts";
import { plannedEventSchema } from "../../collect/routes-plan.ts";
import { toCsvLine } from "../../lib/csv.ts";
import { AppError } from "../../lib/errors.ts";
import { validate } from "../../lib/validate.ts";
import { STANDARD_EVENTS } from "../../log/standard-events.ts";
import { textOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { type PlanForm, readPlanForm, toPlanFormView } from "./plan-form.ts";
import {
  describeStandard,
  describeViolations,
  hrefOfEvent,
  type PlanFacts,
  toPlanView,
} from "./plan-view.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";

const PATH = "/tracking-plan";
const DAYS = 30;

/** `/tracking-plan`: custom events with their parameters, the standard events, violations, and what is a conversion. */
export function createPlanPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { access, trackingPlan, auditPlan } = deps;

  async function readFacts(workspaceId: number): Promise<PlanFacts> {
    const [planned, use] = await Promise.all([
      trackingPlan.list(workspaceId),
      deps.readEventUse(workspaceId, { days: DAYS, until: deps.now() }),
    ]);
    return { planned, use, isConversion: (name) => deps.isConversion(workspaceId, name) };
  }

  router.get(PATH, gate, async (req, res) => {
    const { workspaceId, scopes } = signedInOf(res).caller;
    const facts = await readFacts(workspaceId);
    const view = { ...toPlanView(facts), days: DAYS, isAdmin: scopes.has("admin") };
    show(req, res, { template: "tracking-plan", title: "Tracking plan", current: PATH, view });
  });

  router.get(`${PATH}.json`, gate, async (_req, res) => {
    const { planned, isConversion } = await readFacts(signedInOf(res).caller.workspaceId);
    const events = planned.map((one) => ({ ...one, conversion: isConversion(one.name) }));
    res.attachment("tracking-plan.json").json({ events });
  });

  router.get(`${PATH}.csv`, gate, async (_req, res) => {
    const facts = await readFacts(signedInOf(res).caller.workspaceId);
    res.attachment("tracking-plan.csv").type("csv").send(toPlanCsv(facts));
  });

  /** One event: as it is declared, as it was sent just now, or a new one. */
  async function showEvent(req: Request, res: Response, sent?: PlanForm, problems: string[] = []) {
    const { workspaceId, scopes } = signedInOf(res).caller;
    const name = sent?.name ?? textOf(req, "name").slice(0, MAX_NAME_LENGTH);
    const { planned, use, isConversion } = await readFacts(workspaceId);
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
      days: DAYS,
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
    await mark(caller, name, conversion);
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

  router.post(`${PATH}/conversion`, gate, async (req, res) => {
    const form = await readSessionForm(req, res, access);
    const { caller } = requireAdmin(res);
    const name = form.get("name") ?? "";
    await mark(caller, name, form.get("conversion") === "on");
    res.redirect(303, form.has("back") ? hrefOfEvent(name) : PATH);
  });

  async function mark(caller: Parameters<PageDeps["auditPlan"]>[0], name: string, isOn: boolean) {
    if (deps.isConversion(caller.workspaceId, name) === isOn) return;
    await deps.setConversion(caller, name, isOn);
  }

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

/** A line for each parameter, and one for an event without any. */
function toPlanCsv({ planned, isConversion }: PlanFacts): string {
  const rows = planned.flatMap(({ name, parameters }) => {
    const conversion = isConversion(name) ? "yes" : "no";
    if (parameters.length === 0) return [[name, null, null, null, conversion]];
    return parameters.map((one) => [
      name,
      one.name,
      one.type,
      one.required ? "yes" : "no",
      conversion,
    ]);
  });
  return [["event", "parameter", "type", "required", "conversion"], ...rows]
    .map(toCsvLine)
    .join("");
}
