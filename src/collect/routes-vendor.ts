import { type Request, Router } from "express";
import type { Caller } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { allowAnyOrigin } from "./cors.ts";
import { findKeys } from "./credentials.ts";

export interface VendorRoutesDeps {
  findKey(secret: string): Caller | undefined;
  /** BASE_URL, without a slash at its end. */
  baseUrl: string;
}

/**
 * What the browser clients of Segment and RudderStack ask for before they send anything: the least
 * that made the unmodified clients work. Sites that have one installed change only its address.
 */
export function createVendorRoutes({ findKey, baseUrl }: VendorRoutesDeps): Router {
  const router = Router();
  const { host, protocol, pathname } = new URL(baseUrl);
  const apiHost = `${host}${pathname.replace(/\/$/, "")}/v1`;

  router.options(["/v1/projects/:key/settings", "/sourceConfig"], allowAnyOrigin);

  router.get("/v1/projects/:key/settings", allowAnyOrigin, (req, res) => {
    const apiKey = String(req.params["key"]);
    if (!findKey(apiKey)) throw unknownKey();
    res.set("Cache-Control", CACHE).json({
      integrations: { "Segment.io": { apiKey, apiHost, protocol: protocol.replace(":", "") } },
      plan: { track: { __default: { enabled: true } } },
    });
  });

  router.get("/sourceConfig", allowAnyOrigin, (req, res) => {
    const writeKey = findKeys(req.headers, req.query["writeKey"], null).find(findKey);
    const caller = writeKey === undefined ? undefined : findKey(writeKey);
    if (!caller) throw unknownKey();
    res.set("Cache-Control", isPublic(req) ? CACHE : "no-store");
    res.json({ source: describeSource(caller, String(writeKey)), updatedAt: UPDATED_AT });
  });
  return router;
}

const CACHE = "public, max-age=300";
/** The clients keep a configuration until this changes; ours never does. */
const UPDATED_AT = "2026-01-01T00:00:00.000Z";

function describeSource({ id, workspaceId }: Caller, writeKey: string) {
  const silent = { enabled: false };
  return {
    id,
    name: "clicktrail",
    writeKey,
    enabled: true,
    workspaceId: String(workspaceId),
    config: { statsCollection: { errors: silent, metrics: silent } },
    connections: [],
    destinations: [],
  };
}

/** An answer to a key in the query may be kept by anybody, one to a header may not. */
function isPublic(req: Request): boolean {
  return req.headers.authorization === undefined && typeof req.query["writeKey"] === "string";
}

function unknownKey(): AppError {
  return new AppError("unauthorized", 401, "The write key is missing or unknown.", {
    hint: "Use the key of a site, as POST /v1/sites answers it.",
  });
}
