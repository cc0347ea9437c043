import express, { type Request, type Response, type Router } from "express";
import { z } from "zod";
import { callerOf } from "../lib/caller.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/errors.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import { type Access, actorOf } from "./access.ts";
import { SCOPES } from "./api-keys.ts";
import { DEFAULT_WORKSPACE_ID } from "./directory.ts";

export type AccessRoutesDeps = Pick<
  Access,
  "authorize" | "createApiKey" | "createWorkspace" | "listKeys" | "revokeKey" | "auditLog"
> & { now: Clock };

const BODY_LIMIT = 32_000;
const DAY_MS = 86_400_000;

/** The body of `POST /v1/keys`. */
export const newKeySchema = z.strictObject({
  name: z.string().trim().min(1, "Give the key a name.").max(100),
  scopes: z
    .array(z.enum(SCOPES, `Expected one of ${SCOPES.join(", ")}.`))
    .min(1, `Give at least one of ${SCOPES.join(", ")}.`),
  expires_in_days: z.int().min(1).max(3650).optional(),
});

/** The body of `POST /v1/workspaces`. */
export const newWorkspaceSchema = z.strictObject({ name: z.string().trim().min(1).max(100) });

const auditQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(64).optional(),
});

/** `/v1/keys`, `/v1/workspaces` and `/v1/audit`: all of them need the scope `admin`. */
export function createAccessRoutes(deps: AccessRoutesDeps): Router {
  const router = express.Router();
  const admin = deps.authorize("admin");

  router.get("/v1/keys", admin, async (_req, res) => {
    res.json({ keys: await deps.listKeys(callerOf(res).workspaceId) });
  });

  router.post("/v1/keys", admin, async (req, res) => {
    const caller = callerOf(res);
    const body = validate(newKeySchema, await readJson(req));
    const days = body.expires_in_days;
    const expiresAt = days === undefined ? undefined : deps.now() + days * DAY_MS;
    const key = { name: body.name, scopes: body.scopes, expiresAt };
    const created = await deps.createApiKey(caller.workspaceId, key, actorOf(caller));
    res.status(201).set("Cache-Control", "no-store").json(created);
  });

  router.delete("/v1/keys/:id", admin, async (req: Request<{ id: string }>, res) => {
    const caller = callerOf(res);
    await deps.revokeKey(caller.workspaceId, req.params.id, actorOf(caller));
    res.status(204).end();
  });

  router.post("/v1/workspaces", admin, (req, res) => addWorkspace(deps, req, res));

  router.get("/v1/audit", admin, async (req, res) => {
    const { limit, cursor } = validate(auditQuerySchema, req.query, {
      what: "query",
      code: "invalid_query",
    });
    const entries = await deps.auditLog.list(callerOf(res).workspaceId, limit, cursor);
    const next = entries.length === limit ? (entries.at(-1)?.id ?? null) : null;
    res.json({ entries, next });
  });

  return router;
}

async function addWorkspace(deps: AccessRoutesDeps, req: Request, res: Response): Promise<void> {
  const caller = callerOf(res);
  if (caller.workspaceId !== DEFAULT_WORKSPACE_ID) {
    throw new AppError("forbidden", 403, "Only the default workspace may add workspaces.");
  }
  const { name } = validate(newWorkspaceSchema, await readJson(req));
  const { id, key } = await deps.createWorkspace(name, actorOf(caller));
  res.status(201).set("Cache-Control", "no-store").json({ id, api_key: key.key });
}

async function readJson(req: Request) {
  return parseJson(await readBody(req, { limit: BODY_LIMIT }));
}
