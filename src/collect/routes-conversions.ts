import { Router } from "express";
import { z } from "zod";
import { type Authorize, type Caller, callerOf } from "../lib/caller.ts";
import { validate } from "../lib/validate.ts";
import type { Conversions } from "./conversions.ts";
import { MAX_NAME_LENGTH } from "./limits.ts";

export interface ConversionRoutesDeps {
  readonly conversions: Pick<Conversions, "list" | "set">;
  readonly authorize: Authorize;
  /** Notes in the audit log who changed what. */
  readonly auditConversion: (
    caller: Caller,
    action: "mark" | "unmark",
    name: string,
  ) => Promise<void>;
}

const nameSchema = z.string().min(1).max(MAX_NAME_LENGTH);

/** One of `GET /v1/conversions`. */
export const conversionSchema = z
  .object({
    name: z.string(),
    by_default: z.boolean().meta({ description: "A standard event that counts unless unmarked." }),
  })
  .meta({ id: "Conversion" });

/** `/v1/conversions`: which events count as conversions. */
export function createConversionRoutes(deps: ConversionRoutesDeps): Router {
  const { conversions, authorize, auditConversion } = deps;
  const router = Router();

  router.get("/v1/conversions", authorize("read"), async (_req, res) => {
    res.json({ conversions: await conversions.list(callerOf(res).workspaceId) });
  });

  router.put("/v1/conversions/:name", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const name = validate(nameSchema, req.params["name"], { what: "name" });
    await conversions.set(caller.workspaceId, name, true);
    await auditConversion(caller, "mark", name);
    res.json({ name, conversion: true });
  });

  router.delete("/v1/conversions/:name", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const name = validate(nameSchema, req.params["name"], { what: "name" });
    await conversions.set(caller.workspaceId, name, false);
    await auditConversion(caller, "unmark", name);
    res.status(204).end();
  });

  return router;
}
