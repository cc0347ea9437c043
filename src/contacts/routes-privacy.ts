import express, { type Request, type Router } from "express";
import { z } from "zod";
import { type Authorize, callerOf } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { sendPieces } from "../lib/send-pieces.ts";
import { validate } from "../lib/validate.ts";
import type { ConsentKeeper } from "./privacy/change-consent.ts";
import { CHANNELS, MODES } from "./privacy/consent.ts";
import type { Erasures } from "./privacy/erasures.ts";
import type { ExportContact } from "./privacy/export-contact.ts";

interface PrivacyRoutesDeps {
  readonly authorize: Authorize;
  readonly consentKeeper: ConsentKeeper;
  readonly erasures: Erasures;
  readonly exportContact: ExportContact;
}

const BODY_LIMIT = 16_000;
/** An erasure that takes longer is answered with 202 and goes on. */
const WAIT_MS = 15_000;

const mode = z.enum(MODES, `Expected ${MODES.join(", ")}.`).exactOptional();
const note = z.string().trim().min(1).max(300).exactOptional();

/** The body of `PUT /v1/contacts/:id/consent`: channels that are not given stay as they are. */
export const consentChangesSchema = z
  .strictObject({ clicks: mode, opens: mode, site: mode, source: note, text_version: note })
  .refine(
    (body) => CHANNELS.some((channel) => body[channel] !== undefined),
    `Give at least one of ${CHANNELS.join(", ")}.`,
  );

/** What a contact allows, and its erasure. Reading needs `read`, consent `collect`, erasing `admin`. */
export function createPrivacyRoutes({
  authorize,
  consentKeeper,
  erasures,
  exportContact,
}: PrivacyRoutesDeps): Router {
  const router = express.Router();
  type ById = Request<{ id: string }>;

  router.get("/v1/contacts/:id/consent", authorize("read"), async (req: ById, res) => {
    res.json(await consentKeeper.read(callerOf(res).workspaceId, req.params.id));
  });

  router.put("/v1/contacts/:id/consent", authorize("collect"), async (req: ById, res) => {
    const body = parseJson(await readBody(req, { limit: BODY_LIMIT }));
    const changes = validate(consentChangesSchema, body);
    const { workspaceId, kind, id } = callerOf(res);
    if (kind === "site") throw siteKeyRefused();
    res.json(await consentKeeper.change(workspaceId, req.params.id, changes, { kind, id }));
  });

  router.get("/v1/contacts/:id/export", authorize("read"), async (req: ById, res) => {
    const pieces = await exportContact(callerOf(res).workspaceId, req.params.id);
    res.set({ "Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store" });
    res.attachment("contact.json");
    await sendPieces(res, pieces);
  });

  router.delete("/v1/contacts/:id", authorize("admin"), async (req: ById, res) => {
    const { workspaceId, kind, id } = callerOf(res);
    const begun = await erasures.request(workspaceId, req.params.id, { kind, id });
    const erasure = await erasures.waitFor(workspaceId, begun.id, WAIT_MS);
    if (erasure.state === "running") res.status(202).location(`/v1/erasures/${erasure.id}`);
    res.json(erasure);
  });

  router.get("/v1/erasures/:id", authorize("admin"), async (req: ById, res) => {
    res.json(await erasures.status(callerOf(res).workspaceId, req.params.id));
  });

  return router;
}

function siteKeyRefused(): AppError {
  return new AppError("forbidden", 403, "A site key only adds events.", {
    hint: "Record consent from your server, with an API key that has the scope `collect`.",
  });
}
