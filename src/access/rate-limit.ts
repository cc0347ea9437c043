import type { RequestHandler } from "express";
import { rateLimit } from "express-rate-limit";
import type { Caller } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { presentedKey } from "./api-keys.ts";

/** Requests a second that one secret key may make on one node. */
const REQUESTS_PER_SECOND = 1000;

/**
 * Limits secret keys to 1,000 requests a second each. Site keys are shared by a whole site's
 * visitors, so they are not counted here; nor are `/c/` and `/o/`, which never come this way.
 */
export function createKeyRateLimit(findKey: (key: string) => Caller | undefined): RequestHandler {
  const secretKeyId = (authorization: string | undefined): string | undefined => {
    const key = presentedKey(authorization);
    const caller = key === undefined ? undefined : findKey(key);
    return caller?.kind === "secret" ? `${caller.workspaceId}/${caller.id}` : undefined;
  };
  // Looked up once a request: the limiter asks for it several times.
  const ids = new WeakMap<object, string>();
  const limit = rateLimit({
    windowMs: 1000,
    limit: REQUESTS_PER_SECOND,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: (req) => ids.get(req) ?? "",
    handler: (_req, _res, next) => {
      const most = `${REQUESTS_PER_SECOND.toLocaleString("en")} requests a second`;
      next(new AppError("rate_limited", 429, `This key made over ${most}.`, { retryAfterS: 1 }));
    },
  });
  return (req, res, next) => {
    const id = secretKeyId(req.headers.authorization);
    if (id === undefined) return next();
    ids.set(req, id);
    return limit(req, res, next);
  };
}
