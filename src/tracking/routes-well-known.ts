import { type RequestHandler, Router } from "express";
import { AppError } from "../lib/errors.ts";
import type { AppLinkFile, AppLinks } from "./app-links.ts";
import { PROOF_PATH } from "./well-known-probe.ts";

export interface WellKnownRoutesDeps {
  readonly appLinks: Pick<AppLinks, "serve">;
  readonly proof: string;
  /** SECURITY_CONTACT, as a URI. */
  readonly securityContact: string | undefined;
  readonly baseUrl: string;
  readonly now: () => number;
}

const HALF_A_YEAR_MS = 182 * 86_400_000;

/** What machines ask of a tracking host: app links, who is to be told of a hole, and whether it is ours. */
export function createWellKnownRoutes(deps: WellKnownRoutesDeps): Router {
  const router = Router();

  router.get(PROOF_PATH, (_req, res) => {
    res.set("Cache-Control", "no-store").type("text/plain").send(deps.proof);
  });

  // iOS before 14.5 and some crawlers ask at the root.
  router.get(
    ["/.well-known/apple-app-site-association", "/apple-app-site-association"],
    serve("apple-app-site-association"),
  );
  router.get("/.well-known/assetlinks.json", serve("assetlinks.json"));

  router.get("/.well-known/security.txt", (_req, res) => {
    if (deps.securityContact === undefined) throw nothing("security.txt");
    res.type("text/plain").send(writeSecurityText(deps.securityContact, deps));
  });

  /** Neither platform follows a redirect, and both want this very type. */
  function serve(file: AppLinkFile): RequestHandler {
    return async (req, res) => {
      const body = await deps.appLinks.serve((req.hostname ?? "").toLowerCase(), file);
      if (body === undefined) throw nothing(file);
      // Not with `res.set`, which would add a charset to the type.
      res.setHeader("Content-Type", "application/json");
      res.setHeader("Cache-Control", "public, max-age=3600");
      res.end(body);
    };
  }

  return router;
}

/** @see https://www.rfc-editor.org/rfc/rfc9116 */
function writeSecurityText(
  contact: string,
  { baseUrl, now }: Pick<WellKnownRoutesDeps, "baseUrl" | "now">,
): string {
  const expires = new Date(now() + HALF_A_YEAR_MS).toISOString();
  const canonical = new URL("/.well-known/security.txt", baseUrl).href;
  return `Contact: ${contact}\nExpires: ${expires}\nCanonical: ${canonical}\n`;
}

function nothing(file: string): AppError {
  return new AppError("not_found", 404, `This host has no ${file}.`);
}
