import express, { type RequestHandler, type Router } from "express";
import { toCsvLine } from "../../lib/csv.ts";
import type { PageDeps } from "./deps.ts";
import { mark, PLAN_DAYS, readFacts } from "./plan-facts.ts";
import { hrefOfEvent, type PlanFacts, toPlanView } from "./plan-view.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";

const PATH = "/tracking-plan";

/** `/tracking-plan`: custom events with their parameters, the standard events, violations, and what is a conversion. */
export function createPlanPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();

  router.get(PATH, gate, async (req, res) => {
    const { workspaceId, scopes } = signedInOf(res).caller;
    const facts = await readFacts(deps, workspaceId);
    const view = { ...toPlanView(facts), days: PLAN_DAYS, isAdmin: scopes.has("admin") };
    show(req, res, { template: "tracking-plan", title: "Tracking plan", current: PATH, view });
  });

  router.get(`${PATH}.json`, gate, async (_req, res) => {
    const { planned, isConversion } = await readFacts(deps, signedInOf(res).caller.workspaceId);
    const events = planned.map((one) => ({ ...one, conversion: isConversion(one.name) }));
    res.attachment("tracking-plan.json").json({ events });
  });

  router.get(`${PATH}.csv`, gate, async (_req, res) => {
    const facts = await readFacts(deps, signedInOf(res).caller.workspaceId);
    res.attachment("tracking-plan.csv").type("csv").send(toPlanCsv(facts));
  });

  router.post(`${PATH}/conversion`, gate, async (req, res) => {
    const form = await readSessionForm(req, res, deps.access);
    const { caller } = requireAdmin(res);
    const name = form.get("name") ?? "";
    await mark(deps, caller, name, form.get("conversion") === "on");
    res.redirect(303, form.has("back") ? hrefOfEvent(name) : PATH);
  });

  return router;
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
