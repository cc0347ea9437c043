import type { RequestHandler } from "express";

/** What Segment's, RudderStack's and Jitsu's browser clients send, for a preflight that asks for nothing. */
const ALLOW_HEADERS =
  "authorization, anonymousid, content-type, sentat, x-write-key, x-retry-count";

/** A list of header names (RFC 9110 tokens) of sane length. */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;
const MAX_HEADER_NAMES_LENGTH = 1000;

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
  res.vary("Access-Control-Request-Headers");
  res.set(
    "Access-Control-Allow-Headers",
    allowedHeaders(req.headers["access-control-request-headers"]),
  );
  res.set("Access-Control-Max-Age", String(MAX_AGE_S));
  res.status(204).end();
};

/**
 * Whatever the client asks for: they add headers of their own with each release (RudderStack's `SentAt` and
 * `Rsa-Retry-*`), and one that is not allowed costs every event of the site.
 */
function allowedHeaders(asked: string | undefined): string {
  if (asked === undefined || asked.length > MAX_HEADER_NAMES_LENGTH) return ALLOW_HEADERS;
  return HEADER_NAMES.test(asked) ? asked : ALLOW_HEADERS;
}
