import type { ErrorRequestHandler, RequestHandler, Response } from "express";
import { AppError } from "../lib/errors.ts";
import { type Problem, toAppError, toProblem } from "./problem.ts";
import type { Render } from "./render.ts";
import { publicShell, renderPage } from "./shell.ts";

/** One line of the log for what nobody foresaw. */
export interface UnexpectedError {
  error: unknown;
  requestId: string;
  method: string;
  /** Without the query, which may hold what logs must not. */
  path: string;
}

interface ErrorHandlerDeps {
  render: Render;
  /** Sets the headers of pages; an error may come before they were set. */
  secure: RequestHandler;
  logError(unexpected: UnexpectedError): void;
}

/**
 * Answers every error: problem+json, or a page for a browser that asks for HTML.
 *
 * Bugs are logged here, once, and answered without a word about their cause.
 */
export function createErrorHandler({
  render,
  secure,
  logError,
}: ErrorHandlerDeps): ErrorRequestHandler {
  return (thrown, req, res, next) => {
    const error = toAppError(thrown);
    const requestId = requestIdOf(res);
    if (error.code === "internal") {
      logError({ error: thrown, requestId, method: req.method, path: req.path });
    }
    // Too late for an answer: let Express cut the connection, so that nobody takes it for whole.
    if (res.headersSent) return next(thrown);
    if (error.retryAfterS !== undefined) res.set("Retry-After", String(error.retryAfterS));
    if (error.status === 401) res.set("WWW-Authenticate", 'Bearer realm="clicktrail"');
    res.status(error.status).set("Cache-Control", "no-store");
    const problem = toProblem(error, req.path, requestId);
    // A client that takes anything is a program: JSON comes first.
    if (req.accepts(["json", "html"]) !== "html") {
      return res.type("application/problem+json").send(JSON.stringify(problem));
    }
    return secure(req, res, () => res.type("html").send(renderProblem(problem, render)));
  };
}

/** Ends the chain of routes: 405 with `Allow` where the path exists, else 404. */
export function createNotFound(methodsOf: (path: string) => readonly string[]): RequestHandler {
  return (req, res) => {
    const methods = methodsOf(req.path);
    if (methods.length === 0) {
      throw new AppError("not_found", 404, `There is nothing at ${req.path}.`);
    }
    const allowed = methods.join(", ");
    res.set("Allow", allowed);
    throw new AppError("method_not_allowed", 405, `${req.path} does not answer ${req.method}.`, {
      hint: `Use ${allowed}.`,
    });
  };
}

/** The id that this request's answer and log lines carry. */
function requestIdOf(res: Response): string {
  const id: unknown = res.locals["requestId"];
  return typeof id === "string" ? id : "";
}

function renderProblem(problem: Problem, render: Render): string {
  const view = {
    heading: problem.status === 404 ? "There is nothing here." : problem.title,
    advice: problem.status === 404 ? "" : problem.detail,
    details: [
      ...(problem.hint ? [problem.hint] : []),
      ...(problem.errors ?? []).map(({ pointer, message }) => `${pointer} ${message}`),
      ...(problem.request_id ? [`Request ${problem.request_id}`] : []),
    ],
  };
  return renderPage(render, "message", view, publicShell(problem.title));
}
