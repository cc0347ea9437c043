import { Router } from "express";
import { z } from "zod";
import { type Authorize, type Caller, callerOf } from "../lib/caller.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import { type Trigger, triggerChangesSchema, triggerSchema } from "./triggers/schema.ts";
import type { TriggerVersion } from "./triggers/store.ts";
import type { Author, Triggers } from "./triggers/triggers.ts";

export interface TriggerRoutesDeps {
  readonly triggers: Triggers;
  readonly authorize: Authorize;
}

const BODY_LIMIT = 64_000;

/** The body of `POST /v1/sites/:id/versions`. */
export const newVersionSchema = z.strictObject({
  note: z
    .string()
    .trim()
    .max(200)
    .default("")
    .meta({ description: "What changed, for the history." }),
});

/** The body of `POST /v1/sites/:id/preview`. */
export const newPreviewSchema = z.strictObject({
  url: z.url("Expected the address of a page of the site.").optional(),
});

/** `/v1/sites/:id/triggers`, `/versions` and `/preview`. */
export function createTriggerRoutes({ triggers, authorize }: TriggerRoutesDeps): Router {
  const router = Router();

  router.get("/v1/sites/:id/triggers", authorize("read"), async (req, res) => {
    const { workspaceId } = callerOf(res);
    const { draft, live, isChanged } = await triggers.draft(workspaceId, String(req.params["id"]));
    res.json({
      triggers: draft.map(({ trigger }) => trigger),
      published: live ? describeVersion(live) : null,
      changed: isChanged,
    });
  });

  router.post("/v1/sites/:id/triggers", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const definition = validate(triggerSchema, await readJson(req));
    const { workspaceId } = caller;
    const siteId = String(req.params["id"]);
    res.status(201).json(await triggers.add(workspaceId, siteId, definition, authorOf(caller)));
  });

  router.get("/v1/sites/:id/triggers/:trigger", authorize("read"), async (req, res) => {
    const { workspaceId } = callerOf(res);
    const { id, trigger } = req.params;
    res.json(await triggers.find(workspaceId, String(id), String(trigger)));
  });

  router.patch("/v1/sites/:id/triggers/:trigger", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const siteId = String(req.params["id"]);
    const changes = await readJson(req);
    validate(triggerChangesSchema, changes);
    const { workspaceId } = caller;
    const { id, ...known } = await triggers.find(
      workspaceId,
      siteId,
      String(req.params["trigger"]),
    );
    const trigger: Trigger = { id, ...validate(triggerSchema, { ...known, ...Object(changes) }) };
    res.json(await triggers.replace(workspaceId, siteId, trigger, authorOf(caller)));
  });

  router.delete("/v1/sites/:id/triggers/:trigger", authorize("admin"), async (req, res) => {
    const { id, trigger } = req.params;
    await triggers.remove(callerOf(res).workspaceId, String(id), String(trigger));
    res.status(204).end();
  });

  router.get("/v1/sites/:id/versions", authorize("read"), async (req, res) => {
    const versions = await triggers.versions(callerOf(res).workspaceId, String(req.params["id"]));
    res.json({ versions: versions.map(describeVersion) });
  });

  router.post("/v1/sites/:id/versions", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const { note } = validate(newVersionSchema, await readJson(req));
    const { workspaceId } = caller;
    const siteId = String(req.params["id"]);
    const version = await triggers.publish(workspaceId, siteId, note, authorOf(caller));
    res.status(201).json(describeVersion(version));
  });

  router.post("/v1/sites/:id/versions/:version/restore", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const { id, version } = req.params;
    const restored = await triggers.restore(
      caller.workspaceId,
      String(id),
      Number(version),
      authorOf(caller),
    );
    res.status(201).json(describeVersion(restored));
  });

  router.post("/v1/sites/:id/preview", authorize("admin"), async (req, res) => {
    const { workspaceId } = callerOf(res);
    const { url: page } = validate(newPreviewSchema, await readJson(req));
    const siteId = String(req.params["id"]);
    const { url, expiresAt } = await triggers.preview(workspaceId, siteId, page);
    res.status(201).set("Cache-Control", "no-store");
    res.json({ url, expires_at: new Date(expiresAt).toISOString() });
  });
  return router;
}

/** A body may be left out where everything in it has a default. */
async function readJson(req: Parameters<typeof readBody>[0]): Promise<unknown> {
  const body = await readBody(req, { limit: BODY_LIMIT });
  return body.length === 0 ? {} : parseJson(body);
}

function authorOf({ kind, id }: Caller): Author {
  return { kind, id, name: kind === "user" ? id : `key ${id}` };
}

function describeVersion(version: TriggerVersion) {
  return {
    version: version.version,
    note: version.note,
    restores: version.restores,
    published_at: new Date(version.publishedAt).toISOString(),
    published_by: version.publishedBy,
    triggers: version.triggers,
  };
}
