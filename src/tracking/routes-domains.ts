import type { IncomingMessage } from "node:http";
import { type Request, Router } from "express";
import { z } from "zod";
import { type Authorize, callerOf } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import { APP_LINK_FILES, type AppLinkFile, type AppLinks } from "./app-links.ts";
import { type Domains, isUsable } from "./domains.ts";
import type { Domain } from "./store-domains.ts";

export interface DomainRoutesDeps {
  readonly domains: Domains;
  readonly appLinks: AppLinks;
  readonly authorize: Authorize;
}

const BODY_LIMIT = 4000;
/** Apple takes no larger file. */
const APP_LINKS_LIMIT = 128_000;

/** The body of `POST /v1/domains`. */
export const newDomainSchema = z.strictObject({ host: z.string().min(1).max(253) });

/** The body of `PATCH /v1/domains/:host`. */
export const domainChangesSchema = z.strictObject({
  default: z.boolean().meta({ description: "Links stand on it unless a mail asks for another." }),
});

interface HostPath {
  readonly [name: string]: string;
  readonly host: string;
}

interface FilePath extends HostPath {
  readonly file: string;
}

/** `/v1/domains`: reading needs the scope `read`, changing `admin`. */
export function createDomainRoutes({ domains, appLinks, authorize }: DomainRoutesDeps): Router {
  const router = Router();
  const read = authorize("read");
  const admin = authorize("admin");

  router.get("/v1/domains", read, (_req, res) => {
    const list = domains.list(callerOf(res).workspaceId);
    res.json({ domains: list.map(describeDomain), target: domains.target });
  });

  router.post("/v1/domains", admin, async (req, res) => {
    const caller = callerOf(res);
    const { host } = validate(newDomainSchema, await readJson(req, BODY_LIMIT));
    const domain = await domains.add(caller.workspaceId, host, actorOf(caller));
    res.status(201).json(describeDomain(domain));
  });

  router.post("/v1/domains/:host/check", admin, async (req: Request<HostPath>, res) => {
    const { workspaceId } = callerOf(res);
    res.json(describeDomain(await domains.check(workspaceId, req.params.host)));
  });

  router.patch("/v1/domains/:host", admin, async (req: Request<HostPath>, res) => {
    const caller = callerOf(res);
    const changes = validate(domainChangesSchema, await readJson(req, BODY_LIMIT));
    const { workspaceId } = caller;
    const { host } = req.params;
    const domain = await domains.setDefault(workspaceId, host, changes.default, actorOf(caller));
    res.json(describeDomain(domain));
  });

  router.delete("/v1/domains/:host", admin, async (req: Request<HostPath>, res) => {
    const caller = callerOf(res);
    await domains.remove(caller.workspaceId, req.params.host, actorOf(caller));
    res.status(204).end();
  });

  router.get("/v1/domains/:host/:file", read, async (req: Request<FilePath>, res) => {
    const { host, file } = req.params;
    const body = await appLinks.read(callerOf(res).workspaceId, host, fileOf(file));
    if (body === undefined) throw noFile(file);
    res.type("json").send(body);
  });

  router.put("/v1/domains/:host/:file", admin, async (req: Request<FilePath>, res) => {
    const caller = callerOf(res);
    const { host, file } = req.params;
    const body = await readJson(req, APP_LINKS_LIMIT);
    await appLinks.write(caller.workspaceId, host, fileOf(file), body, actorOf(caller));
    res.status(204).end();
  });

  router.delete("/v1/domains/:host/:file", admin, async (req: Request<FilePath>, res) => {
    const caller = callerOf(res);
    const { host, file } = req.params;
    await appLinks.write(caller.workspaceId, host, fileOf(file), null, actorOf(caller));
    res.status(204).end();
  });

  return router;
}

/** A domain as the API shows it. */
export function describeDomain(domain: Domain) {
  const { host, isDefault, createdAt, checkedAt, verifiedAt, problem } = domain;
  const failing = verifiedAt === null ? ("pending" as const) : ("failing" as const);
  return {
    host,
    status: isUsable(domain) ? ("verified" as const) : failing,
    problem,
    default: isDefault,
    created_at: toIso(createdAt),
    checked_at: checkedAt === null ? null : toIso(checkedAt),
    verified_at: verifiedAt === null ? null : toIso(verifiedAt),
  };
}

function fileOf(name: string): AppLinkFile {
  const file = APP_LINK_FILES.find((one) => one === name);
  if (file) return file;
  throw noFile(name);
}

function noFile(name: string): AppError {
  return new AppError("not_found", 404, `There is no ${name} of this domain.`, {
    hint: `A domain can have ${APP_LINK_FILES.join(" and ")}.`,
  });
}

async function readJson(req: IncomingMessage, limit: number) {
  return parseJson(await readBody(req, { limit }));
}

function actorOf({ kind, id }: ReturnType<typeof callerOf>) {
  return { kind, id };
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}
