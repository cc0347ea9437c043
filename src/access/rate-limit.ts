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
  return rateLimit({
    windowMs: 1000,
    limit: REQUESTS_PER_SECOND,
    standardHeaders: false,
    legacyHeaders: false,
    skip: (req) => secretKeyId(req.headers.authorization) === undefined,
    keyGenerator: (req) => secretKeyId(req.headers.authorization) ?? "",
    handler: (_req, _res, next) => {
      const limit = `${REQUESTS_PER_SECOND.toLocaleString("en")} requests a second`;
      next(new AppError("rate_limited", 429, `This key made over ${limit}.`, { retryAfterS: 1 }));
    },
  });
}
