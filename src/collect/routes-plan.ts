import { Router } from "express";
import { z } from "zod";
import { type Authorize, type Caller, callerOf } from "../lib/caller.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import type { TrackingPlan } from "./tracking-plan.ts";

export interface PlanRoutesDeps {
  readonly trackingPlan: Pick<TrackingPlan, "list" | "put" | "remove">;
  readonly authorize: Authorize;
  readonly isConversion: (workspaceId: number, name: string) => boolean;
  /** Marks an event as a conversion or takes the mark away, and notes it in the audit log. */
  readonly setConversion: (caller: Caller, name: string, isConversion: boolean) => Promise<void>;
  /** Notes in the audit log who changed what. */
  readonly auditPlan: (caller: Caller, action: "put" | "remove", name: string) => Promise<void>;
}

const BODY_LIMIT = 64_000;
/** What a parameter may be declared as. */
export const PARAMETER_TYPES = ["string", "number", "boolean", "items"] as const;

/** The body of `PUT /v1/tracking-plan/:name`. */
export const plannedEventSchema = z.strictObject({
  parameters: z
    .array(
      z.strictObject({
        name: z.string().trim().min(1).max(128),
        type: z.enum(PARAMETER_TYPES, `Expected ${PARAMETER_TYPES.join(", ")}.`).default("string"),
        required: z.boolean().default(false),
      }),
    )
    .max(200)
    .refine(
      (parameters) => new Set(parameters.map(({ name }) => name)).size === parameters.length,
      "Each parameter is named once.",
    )
    .default([]),
  conversion: z.boolean().optional().meta({ description: "Stays as it is unless given." }),
});

const nameSchema = z.string().min(1).max(128);

/** `/v1/tracking-plan`: custom events that the quality checks then know. */
export function createPlanRoutes(deps: PlanRoutesDeps): Router {
  const { trackingPlan, authorize, auditPlan, isConversion, setConversion } = deps;
  const router = Router();

  router.get("/v1/tracking-plan", authorize("read"), async (_req, res) => {
    const { workspaceId } = callerOf(res);
    const events = await trackingPlan.list(workspaceId);
    res.json({
      events: events.map((one) => ({ ...one, conversion: isConversion(workspaceId, one.name) })),
    });
  });

  router.put("/v1/tracking-plan/:name", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const name = validate(nameSchema, req.params["name"], { what: "name" });
    const bytes = await readBody(req, { limit: BODY_LIMIT });
    const body = bytes.length === 0 ? {} : parseJson(bytes);
    const { parameters, conversion } = validate(plannedEventSchema, body);
    const { workspaceId } = caller;
    await trackingPlan.put(workspaceId, { name, parameters });
    await auditPlan(caller, "put", name);
    if (conversion !== undefined && conversion !== isConversion(workspaceId, name)) {
      await setConversion(caller, name, conversion);
    }
    res.json({ name, parameters, conversion: isConversion(workspaceId, name) });
  });

  router.delete("/v1/tracking-plan/:name", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const name = String(req.params["name"]);
    await trackingPlan.remove(caller.workspaceId, name);
    await auditPlan(caller, "remove", name);
    res.status(204).end();
  });

  return router;
}
