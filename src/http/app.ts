import compression from "compression";
import express, { type Express, type RequestHandler, type Router } from "express";
import { allowedMethods } from "./allowed-methods.ts";
import { createAssetRoutes } from "./assets.ts";
import { createErrorHandler, createNotFound, type UnexpectedError } from "./errors.ts";
import { createHealthRoutes, type HealthDeps } from "./health.ts";
import type { PageDeps } from "./pages/deps.ts";
import { createPageRoutes } from "./pages/routes.ts";
import { createRender } from "./render.ts";
import { createPageSecurity, setCommonHeaders } from "./security.ts";

export interface AppDeps {
  /** The public address: cookies, HSTS and origin checks follow it, never the Host header. */
  baseUrl: string;
  /** Hops or addresses of proxies whose `X-Forwarded-*` is believed; 0 believes none. */
  trustProxy: number | string[];
  /** A fresh id: of a request, in its answer and its log lines. */
  createId(): string;
  logError(unexpected: UnexpectedError): void;
  /** Limits per API key, before every `/v1` route. */
  rateLimit: RequestHandler;
  /** The features' routes, each with its full path: API, collection, `/t.js`, `/.well-known`. */
  routers: readonly Router[];
  health: HealthDeps;
  pages: PageDeps;
}

/**
 * Everything but the hot path: puts the features' routes behind the same headers, limits and errors.
 *
 * The API comes before the pages' headers and compression, which cost more than a batch takes to parse.
 */
export function createApp(deps: AppDeps): Express {
  const app = express();
  const render = createRender();
  app.disable("x-powered-by");
  app.set("trust proxy", deps.trustProxy);
  app.set("query parser", "simple");
  app.set("case sensitive routing", true);

  app.use((_req, res, next) => {
    const requestId = deps.createId();
    res.locals["requestId"] = requestId;
    res.setHeader("X-Request-Id", requestId);
    next();
  });
  app.use(setCommonHeaders);
  app.use(createHealthRoutes(deps.health));
  app.get("/robots.txt", (_req, res) => void res.type("text/plain").send(ROBOTS));
  app.use("/v1", deps.rateLimit);
  app.use(compressReads(compression()));
  for (const router of deps.routers) app.use(router);

  const secure = createPageSecurity(deps.baseUrl.startsWith("https:"));
  app.use(secure);
  app.use(createAssetRoutes());
  app.use(createPageRoutes(deps.pages, render));
  app.use(createNotFound((path) => allowedMethods(app, path)));
  app.use(createErrorHandler({ render, secure, logError: deps.logError }));
  return app;
}

/** Nothing here is for search engines, and above all a crawler must not click. */
const ROBOTS = "User-agent: *\nDisallow: /c/\nDisallow: /o/\nDisallow: /\n";

/** Answers to reads only: those to writes are small, and an event batch must not wait for gzip. */
function compressReads(compress: RequestHandler): RequestHandler {
  return (req, res, next) => (req.method === "GET" ? compress(req, res, next) : next());
}
