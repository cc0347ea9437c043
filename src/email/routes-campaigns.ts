import { type Request, Router } from "express";
import { z } from "zod";
import { type Authorize, callerOf } from "../lib/caller.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import type { Campaigns } from "./campaigns.ts";
import type { CampaignSettings, LinkSettings } from "./store-versions.ts";

export interface CampaignRoutesDeps {
  readonly campaigns: Campaigns;
  readonly authorize: Authorize;
}

const BODY_LIMIT = 64_000;
const LIMIT_MESSAGE = "Expected a whole number from 1 to 200.";
const TIME_MESSAGE = "Expected a time as ISO 8601, e.g. 2026-12-31T23:59:59Z.";

/** The query of `GET /v1/campaigns`. */
export const campaignsQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, LIMIT_MESSAGE)
    .transform(Number)
    .pipe(z.number().min(1, LIMIT_MESSAGE).max(200, LIMIT_MESSAGE))
    .default(50),
  cursor: z.string().min(1).max(200).optional(),
});

const settingsShape = {
  stopped: z
    .boolean()
    .exactOptional()
    .meta({ description: "It leads to its fallback, or a page that says it was stopped." }),
  expires_at: z.iso
    .datetime({ offset: true, error: TIME_MESSAGE })
    .nullable()
    .exactOptional()
    .meta({ description: "From then on it leads to its fallback; null: it never expires." }),
  fallback: z.string().min(1).max(20_000).nullable().exactOptional(),
};

const costSchema = z.strictObject({
  value_minor: z.int("Expected minor units, e.g. 4990 for 49.90.").min(0),
  currency: z.string().regex(/^[A-Z]{3}$/, "Expected an ISO 4217 currency, e.g. EUR."),
});

const isNotEmpty = (body: object): boolean => Object.keys(body).length > 0;

/** The body of `PATCH /v1/campaigns/:id`: what is not given stays, null undoes. */
export const campaignChangesSchema = z
  .strictObject({ ...settingsShape, cost: costSchema.nullable().exactOptional() })
  .refine(isNotEmpty, "Give at least one of `stopped`, `expires_at`, `fallback` and `cost`.");

/** The body of `PATCH /v1/campaigns/:id/links/:link`: what is not given stays, null undoes. */
export const linkChangesSchema = z
  .strictObject({
    destination: z
      .string()
      .min(1)
      .max(20_000)
      .nullable()
      .exactOptional()
      .meta({ description: "An http(s) URL, used as it is; null: the one of the mail." }),
    ...settingsShape,
  })
  .refine(
    isNotEmpty,
    "Give at least one of `destination`, `stopped`, `expires_at` and `fallback`.",
  );

/** `/v1/campaigns`: reading needs the scope `read`, changing `admin`. */
export function createCampaignRoutes({ campaigns, authorize }: CampaignRoutesDeps): Router {
  const router = Router();
  const read = authorize("read");
  const admin = authorize("admin");

  router.get("/v1/campaigns", read, async (req, res) => {
    const query = validate(campaignsQuerySchema, req.query, {
      what: "query",
      code: "invalid_query",
    });
    res.json(await campaigns.list(callerOf(res).workspaceId, query));
  });

  router.get("/v1/campaigns/:id", read, async (req: Request<CampaignPath>, res) => {
    res.json(await campaigns.get(callerOf(res).workspaceId, req.params.id));
  });

  router.patch("/v1/campaigns/:id", admin, async (req: Request<CampaignPath>, res) => {
    const caller = callerOf(res);
    const changes = readCampaignChanges(await readJson(req));
    res.json(await campaigns.change(caller.workspaceId, req.params.id, changes, actorOf(caller)));
  });

  router.get("/v1/campaigns/:id/links", read, async (req: Request<CampaignPath>, res) => {
    res.json({ links: await campaigns.links(callerOf(res).workspaceId, req.params.id) });
  });

  router.get("/v1/campaigns/:id/links/:link", read, async (req: Request<LinkPath>, res) => {
    const { id, link } = req.params;
    res.json(await campaigns.link(callerOf(res).workspaceId, id, link));
  });

  router.patch("/v1/campaigns/:id/links/:link", admin, async (req: Request<LinkPath>, res) => {
    const caller = callerOf(res);
    const { id, link } = req.params;
    const changes = readLinkChanges(await readJson(req));
    res.json(await campaigns.changeLink(caller.workspaceId, id, link, changes, actorOf(caller)));
  });

  return router;
}

/** @throws {AppError} `invalid_body` (422) */
export function readCampaignChanges(body: unknown): Partial<CampaignSettings> {
  const { expires_at, ...changes } = validate(campaignChangesSchema, body);
  return { ...changes, ...readExpiry(expires_at) };
}

/** @throws {AppError} `invalid_body` (422) */
export function readLinkChanges(body: unknown): Partial<LinkSettings> {
  const { expires_at, ...changes } = validate(linkChangesSchema, body);
  return { ...changes, ...readExpiry(expires_at) };
}

interface CampaignPath {
  readonly [name: string]: string;
  readonly id: string;
}

interface LinkPath extends CampaignPath {
  readonly link: string;
}

function readExpiry(given: string | null | undefined): { expiresAt?: number | null } {
  if (given === undefined) return {};
  return { expiresAt: given === null ? null : Date.parse(given) };
}

async function readJson(req: Request<CampaignPath>) {
  return parseJson(await readBody(req, { limit: BODY_LIMIT }));
}

function actorOf({ kind, id }: ReturnType<typeof callerOf>) {
  return { kind, id };
}
