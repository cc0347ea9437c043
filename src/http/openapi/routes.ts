import express, { type RequestHandler, type Router } from "express";
import type { Show } from "../pages/show.ts";
import { createOpenApi } from "./document.ts";
import { ERROR_TEXTS } from "./error-texts.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";

/** `/openapi.json`, and the same for people: `/docs` and `/docs/errors`. Nothing is fetched. */
export function createDocRoutes(baseUrl: string, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  // Made when somebody asks for it: every start would take longer.
  let document: string | undefined;
  const tags = [...new Set(OPERATIONS.map(({ tag }) => tag))];
  const groups = tags.map((tag) => ({
    tag,
    operations: OPERATIONS.filter((one) => one.tag === tag).map((one) => toView(one, baseUrl)),
  }));
  const errors = Object.entries(ERROR_TEXTS).map(([code, text]) => ({ code, text }));

  router.get("/openapi.json", (_req, res) => {
    res.set({ "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*" });
    document ??= JSON.stringify(createOpenApi(baseUrl));
    res.type("json").send(document);
  });
  router.get("/docs", gate, (req, res) => {
    show(req, res, { template: "docs", title: "API", view: { groups, baseUrl } });
  });
  router.get("/docs/errors", gate, (req, res) => {
    show(req, res, { template: "errors", title: "Errors", view: { errors } });
  });
  return router;
}

function toView(operation: Operation, baseUrl: string) {
  const { method, path, summary, scope = "", query } = operation;
  return {
    id: `${method}${path.replace(/\W+/g, "-")}`,
    method: method.toUpperCase(),
    path,
    summary,
    scope,
    parameters: Object.keys(query?.shape ?? {}).join(", "),
    curl: toCurl(operation, baseUrl),
  };
}

/** The call as a line for the terminal, to be copied. */
function toCurl({ method, path, example, scope }: Operation, baseUrl: string): string {
  const address = new URL(
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase()),
    baseUrl,
  ).href;
  return [
    `curl${method === "get" ? "" : ` -X ${method.toUpperCase()}`} ${address}`,
    ...(scope ? ['-H "Authorization: Bearer $CLICKTRAIL_KEY"'] : []),
    ...(example === undefined
      ? []
      : ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(example)}'`]),
  ].join(" \\\n  ");
}
