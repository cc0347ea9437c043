import type { RequestHandler } from "express";

/** What the preflights of Segment's, RudderStack's and Jitsu's browser clients ask for. */
const ALLOW_HEADERS = "authorization, anonymousid, content-type, x-write-key, x-retry-count";

/** A day; browsers cap it themselves. */
const MAX_AGE_S = 86_400;

/**
 * Lets any page send events and read the answer: a site key may be used on any host, and an answer
 * holds nothing but counts. Preflights are answered here.
 */
export const allowAnyOrigin: RequestHandler = (req, res, next) => {
  const { origin } = req.headers;
  res.vary("Origin");
  if (origin !== undefined) {
    res.set("Access-Control-Allow-Origin", origin);
    // Beacons always carry credentials, and a browser hides the answer without this.
    res.set("Access-Control-Allow-Credentials", "true");
    res.set("Access-Control-Expose-Headers", "retry-after");
  }
  if (req.method !== "OPTIONS") return next();
  res.set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  res.set("Access-Control-Allow-Headers", ALLOW_HEADERS);
  res.set("Access-Control-Max-Age", String(MAX_AGE_S));
  res.status(204).end();
};
