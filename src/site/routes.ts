import { Router } from "express";
import { z } from "zod";
import { type Authorize, callerOf } from "../lib/caller.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import { parseHost } from "./hosts.ts";
import type { Sites } from "./sites.ts";
import { COLLECTS, type Site } from "./store.ts";

export interface SiteRoutesDeps {
  readonly sites: Pick<Sites, "create" | "update" | "list">;
  readonly authorize: Authorize;
}

const BODY_LIMIT = 64_000;
const MAX_HOSTS = 100;

const hostSchema = z
  .string()
  .max(300)
  .transform((text, context) => {
    const parsed = parseHost(text);
    if ("host" in parsed) return parsed.host;
    context.addIssue({ code: "custom", message: parsed.problem });
    return z.NEVER;
  });

const hostsSchema = z
  .array(hostSchema)
  .min(1, "Give at least one host.")
  .max(MAX_HOSTS, `At most ${MAX_HOSTS} hosts; *.shop.example covers all below it.`)
  .transform((hosts) => [...new Set(hosts)]);

const nameSchema = z.string().trim().min(1, "Give the site a name.").max(100);

/** The body of `POST /v1/sites`. */
export const newSiteSchema = z.strictObject({ name: nameSchema, hosts: hostsSchema });

/** The body of `PATCH /v1/sites/:id`: what is not given stays. */
export const siteChangesSchema = z.strictObject({
  name: nameSchema.exactOptional(),
  hosts: hostsSchema.exactOptional(),
  collects: z
    .enum(COLLECTS)
    .exactOptional()
    .meta({ description: "What the script sends: the site's kill switch." }),
});

/** `/v1/sites`. */
export function createSiteRoutes({ sites, authorize }: SiteRoutesDeps): Router {
  const router = Router();
  router.get("/v1/sites", authorize("read"), async (_req, res) => {
    const list = await sites.list(callerOf(res).workspaceId);
    res.json({ sites: list.map(describeSite) });
  });

  router.post("/v1/sites", authorize("admin"), async (req, res) => {
    const site = validate(newSiteSchema, parseJson(await readBody(req, { limit: BODY_LIMIT })));
    const created = await sites.create(callerOf(res).workspaceId, site);
    res.status(201).set("Cache-Control", "no-store");
    res.json({ ...describeSite(created.site), write_key: created.writeKey });
  });

  router.patch("/v1/sites/:id", authorize("admin"), async (req, res) => {
    const changes = validate(
      siteChangesSchema,
      parseJson(await readBody(req, { limit: BODY_LIMIT })),
    );
    const caller = callerOf(res);
    const id = String(req.params["id"]);
    res.json(describeSite(await sites.update(caller.workspaceId, id, changes, caller)));
  });
  return router;
}

function describeSite({ id, name, hosts, createdAt, collects, liveVersion }: Site) {
  return {
    id,
    name,
    hosts,
    created_at: new Date(createdAt).toISOString(),
    collects,
    live_version: liveVersion,
  };
}
