import express, { type Router } from "express";
import { z } from "zod";
import { type Authorize, type Caller, callerOf } from "../lib/caller.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import type { NewDecision, Review } from "./review.ts";

export interface ContactRoutesDeps {
  readonly review: Review;
  readonly authorize: Authorize;
  /** Notes in the audit log who decided. */
  readonly auditDecision: (caller: Caller, decision: NewDecision) => Promise<void>;
}

const BODY_LIMIT = 4000;

/** The body of `POST /v1/suggestions`. */
export const decisionSchema = z.strictObject({
  decision: z.enum(["accept", "reject", "undo"], "Expected accept, reject or undo."),
  into: z.string().min(1).max(64).meta({ description: "The contact that stays." }),
  from: z.string().min(1).max(64).meta({ description: "The contact that is merged into it." }),
});

/** `/v1/suggestions`: contacts that may be one person, and what was decided about them. */
export function createContactRoutes({
  review,
  authorize,
  auditDecision,
}: ContactRoutesDeps): Router {
  const router = express.Router();

  router.get("/v1/suggestions", authorize("read"), async (_req, res) => {
    const { suggestions, decided } = await review.list(callerOf(res).workspaceId);
    res.json({
      suggestions,
      decided: decided.map((one) => ({ ...one, at: new Date(one.at).toISOString() })),
    });
  });

  router.post("/v1/suggestions", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const body = parseJson(await readBody(req, { limit: BODY_LIMIT }));
    const decision = validate(decisionSchema, body);
    await review.decide(caller.workspaceId, decision);
    await auditDecision(caller, decision);
    res.status(204).end();
  });

  return router;
}
