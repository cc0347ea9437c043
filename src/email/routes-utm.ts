import { Router } from "express";
import { z } from "zod";
import { type Authorize, callerOf } from "../lib/caller.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import { campaignSchema, utmSchema } from "./schemas.ts";
import type { UtmDefault, UtmDefaults } from "./utm-defaults.ts";

export interface UtmRoutesDeps {
  readonly utmDefaults: Pick<UtmDefaults, "list" | "set">;
  readonly authorize: Authorize;
}

const BODY_LIMIT = 64_000;

/** The body of `PUT /v1/utm-defaults`. */
export const utmDefaultSchema = z.strictObject({
  campaign: campaignSchema
    .nullable()
    .default(null)
    .meta({ description: "The campaign's name; null: every campaign of the workspace." }),
  utm: utmSchema.meta({ description: "Replaces what was stored; empty forgets it." }),
});

/** One line of `GET /v1/utm-defaults`. */
export const utmDefaultAnswerSchema = z.object({
  campaign: z.string().nullable(),
  utm: z.record(z.string(), z.string()),
});

/** `/v1/utm-defaults`: reading needs the scope `read`, changing `admin`. */
export function createUtmRoutes({ utmDefaults, authorize }: UtmRoutesDeps): Router {
  const router = Router();

  router.get("/v1/utm-defaults", authorize("read"), async (_req, res) => {
    res.json({ utm_defaults: await utmDefaults.list(callerOf(res).workspaceId) });
  });

  router.put("/v1/utm-defaults", authorize("admin"), async (req, res) => {
    const given = readUtmDefault(parseJson(await readBody(req, { limit: BODY_LIMIT })));
    const { workspaceId, kind, id } = callerOf(res);
    await utmDefaults.set(workspaceId, given, { kind, id });
    res.json(given);
  });
  return router;
}

/** @throws {AppError} `invalid_body` (422) */
export function readUtmDefault(body: unknown): UtmDefault {
  return validate(utmDefaultSchema, body);
}
