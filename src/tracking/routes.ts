import { Router } from "express";
import { z } from "zod";
import { type Authorize, type Caller, callerOf } from "../lib/caller.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import { OPEN_MODES, type OpenMode, type OpenSettings } from "./open-settings.ts";

interface TrackingRoutesDeps {
  readonly authorize: Authorize;
  readonly openSettings: Pick<OpenSettings, "modeOf">;
  /** Changes the mode and leaves a note of who did. */
  changeOpens(caller: Caller, mode: OpenMode): Promise<void>;
}

const BODY_LIMIT = 4000;

/** The body of `PATCH /v1/settings`. */
export const settingsSchema = z.strictObject({
  opens: z.enum(OPEN_MODES, `Expected ${OPEN_MODES.join(", ")}.`),
});

/** `/v1/settings`: how the workspace counts opens. */
export function createTrackingRoutes(deps: TrackingRoutesDeps): Router {
  const { authorize, openSettings, changeOpens } = deps;
  const router = Router();

  router.get("/v1/settings", authorize("read"), (_req, res) => {
    res.json({ opens: openSettings.modeOf(callerOf(res).workspaceId) });
  });

  router.patch("/v1/settings", authorize("admin"), async (req, res) => {
    const body = parseJson(await readBody(req, { limit: BODY_LIMIT }));
    const { opens } = validate(settingsSchema, body);
    await changeOpens(callerOf(res), opens);
    res.json({ opens });
  });

  return router;
}
