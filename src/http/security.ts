import type { RequestHandler } from "express";
import helmet from "helmet";

/**
 * Headers of our pages: nothing but our own files, no inline style or script, framed by nobody but
 * ourselves (the sample mail), no referrer to other sites.
 *
 * @param isHttps tells browsers to stay on https, only where the public address is
 */
export function createPageSecurity(isHttps: boolean): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'self'"],
        imgSrc: ["'self'", "data:"],
        objectSrc: ["'none'"],
      },
    },
    // Not `no-referrer`: under it browsers send `Origin: null` with our own forms.
    referrerPolicy: { policy: "same-origin" },
    strictTransportSecurity: isHttps,
    // Would break an installation on plain http whose assets are on the same host.
    originAgentCluster: false,
    crossOriginOpenerPolicy: isHttps,
  });
}

/** Of everything, the API included: what it says it is, and in no search engine. */
export const setCommonHeaders: RequestHandler = (_req, res, next) => {
  res.setHeader("X-Content-Type-Options", "nosniff");
  res.setHeader("X-Robots-Tag", "noindex, nofollow");
  next();
};

/** A mail shown inside a page: no scripts, no forms, nothing but its own styles and its images. */
export const MAIL_FRAME_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src https: http: data:",
  "frame-ancestors 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "sandbox allow-popups allow-popups-to-escape-sandbox",
].join("; ");
