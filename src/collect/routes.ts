import { type Request, type RequestHandler, type Response, Router } from "express";
import { AppError } from "../lib/errors.ts";
import { type CollectDeps, type Collector, createCollector, type Route } from "./collector.ts";
import { allowAnyOrigin } from "./cors.ts";
import { PIXEL } from "./pixel.ts";
import { type CallType, isCallType } from "./segment-protocol.ts";

/** Call type and paths: Segment's own, its short forms, and both under the bare host for `apiHost`. */
const CALLS: readonly (readonly [CallType, readonly string[]])[] = [
  ["track", ["/v1/track", "/v1/t", "/t"]],
  ["identify", ["/v1/identify", "/v1/i", "/i"]],
  ["page", ["/v1/page", "/v1/p", "/p"]],
  ["screen", ["/v1/screen", "/v1/s", "/s"]],
  ["group", ["/v1/group", "/v1/g", "/g"]],
  ["alias", ["/v1/alias", "/v1/a", "/a"]],
];
const BATCHES = ["/v1/batch", "/v1/b", "/b", "/beacon/v1/batch"];
const IMPORT = "/v1/import";
const VENDOR = ["/api/s/:type", "/api/s/s2s/:type"];

/**
 * The collection API: Segment's protocol, as its own clients, RudderStack's, Jitsu's and our script
 * speak it. Answers only after the events are durable.
 *
 * Mount it before anything that reads bodies.
 */
export function createCollectRoutes(deps: CollectDeps): Router {
  const collect = createCollector(deps);
  const router = Router();
  const paths = [...CALLS.flatMap(([, list]) => list), ...BATCHES, IMPORT, ...VENDOR];
  router.options([...paths], allowAnyOrigin);
  for (const [type, list] of CALLS) {
    router.post(
      [...list],
      allowAnyOrigin,
      answerJson(collect, () => ({ type })),
    );
  }
  router.post(
    BATCHES,
    allowAnyOrigin,
    answerJson(collect, () => ({ type: null })),
  );
  router.post(
    IMPORT,
    allowAnyOrigin,
    answerJson(collect, () => ({ type: null, isImport: true })),
  );
  router.post(VENDOR, allowAnyOrigin, answerJson(collect, typeOfPath));
  for (const type of ["track", "page"] as const) {
    router.get(`/pixel/v1/${type}`, async (req, res) => {
      await collect.pixel(req, type);
      res.set("Cache-Control", "no-store").type("gif").send(PIXEL);
    });
  }
  return router;
}

function answerJson(collect: Collector, routeOf: (req: Request) => Route): RequestHandler {
  return async (req: Request, res: Response) => {
    const { accepted, rejections } = await collect.body(req, routeOf(req));
    res.set("Cache-Control", "no-store").json({
      success: true,
      accepted,
      rejected: rejections.map(({ index, code }) => ({ index, code })),
    });
  };
}

function typeOfPath(req: Request): Route {
  const type = req.params["type"];
  if (type === "batch") return { type: null };
  if (isCallType(type)) return { type };
  throw new AppError("not_found", 404, `There is no call "${String(type)}".`, {
    hint: "Calls are track, page, screen, identify, group, alias and batch.",
  });
}
