import { type RequestHandler, Router } from "express";
import type { Caller } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import type { ScriptFile, ScriptFiles } from "./script-file.ts";
import { describePreview, describeSettings } from "./settings.ts";
import type { Sites } from "./sites.ts";
import type { Triggers } from "./triggers/triggers.ts";

export interface ScriptRoutesDeps {
  readonly sites: Pick<Sites, "live">;
  readonly triggers: Pick<Triggers, "previewed">;
  readonly files: ScriptFiles;
  /** What Segment's snippet loads. */
  readonly segmentScript: ScriptFile;
  findKey(key: string): Caller | undefined;
}

/**
 * What the browsers of a site's visitors load: `/t.js`, its modules, the site's settings, and under the
 * address that Segment's snippet asks for, an adapter to the same.
 */
export function createScriptRoutes(deps: ScriptRoutesDeps): Router {
  const { sites, triggers, files, findKey } = deps;
  const router = Router();
  router.get(
    "/analytics.js/v1/:key/analytics{.min}.js",
    (req, _res, next) => {
      refuseUnknown(findKey, String(req.params["key"]));
      next();
    },
    serveFile(deps.segmentScript),
  );
  for (const [name, file] of files) {
    const stem = name.slice(0, -".js".length).replaceAll(".", "\\.");
    router.get(new RegExp(`^/${stem}(\\.[0-9a-f]{12})?\\.js$`), serveFile(file));
  }

  router.get(/^\/t\/([\w-]+)\.json$/, async (req, res) => {
    res.set({ "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" });
    const caller = findKey(String(req.params[0]));
    if (caller?.kind !== "site") throw unknownKey();
    const { workspaceId, id } = caller;
    const { preview: token, auto } = req.query;
    if (typeof token === "string" && token !== "") {
      const draft = await triggers.previewed(workspaceId, id, token);
      res.set("Cache-Control", "no-store").json(describePreview(draft, files));
    } else {
      // Asked for again on each page, and mostly answered 304: what is switched off is off at once.
      res
        .set("Cache-Control", "no-cache")
        .json(describeSettings(sites.live(workspaceId, id), files, auto !== "false"));
    }
  });
  return router;
}

const TEN_MINUTES = "public, max-age=600, stale-while-revalidate=86400";
const FOR_EVER = "public, max-age=31536000, immutable";

/** A page that still names an earlier version gets the present one: a broken page helps nobody. */
function serveFile({ bytes, hash }: ScriptFile): RequestHandler {
  return (req, res) => {
    const isThisVersion = req.path.endsWith(`.${hash}.js`);
    res.set({
      "Content-Type": "text/javascript; charset=utf-8",
      "Cache-Control": isThisVersion ? FOR_EVER : TEN_MINUTES,
      ETag: `"${hash}"`,
      "Access-Control-Allow-Origin": "*",
      // Any page may load it, whatever the service's own pages ask for.
      "Cross-Origin-Resource-Policy": "cross-origin",
    });
    res.send(bytes);
  };
}

/** A mistyped key is told in the browser's console, at once; a service that is still starting takes the calls later. */
function refuseUnknown(findKey: ScriptRoutesDeps["findKey"], key: string): void {
  try {
    if (findKey(key)) return;
  } catch (error) {
    if (error instanceof AppError && error.code === "not_ready") return;
    throw error;
  }
  throw unknownKey();
}

function unknownKey(): AppError {
  return new AppError("unauthorized", 401, "The write key is missing or unknown.", {
    hint: "Use the key of a site, as POST /v1/sites answers it.",
  });
}
