import { once } from "node:events";
import { type Request, type Response, Router } from "express";
import { type Authorize, callerOf } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { createUsedKeys, type RequestIds, readIdempotencyKey } from "../lib/idempotency.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import { refuseEmptyMail } from "./prepare.ts";
import { readRawQuery } from "./raw-query.ts";
import { createPieceReader, decodeBody, encodeBody, findCharset } from "./rewrite/bytes.ts";
import { rewriteMessage } from "./rewrite-message.ts";
import { openBatchBodySchema, openRecipientsBodySchema, rewriteBodySchema } from "./schemas.ts";
import { type BatchLine, createRewriteService, type RewriteServiceDeps } from "./service.ts";

/** What the email routes need from the rest of the house. */
export interface EmailRoutesDeps extends RewriteServiceDeps {
  readonly authorize: Authorize;
  /** Bytes of a mail after inflation: BODY_LIMIT. */
  readonly bodyLimit: number;
}

/** 10,000 recipients with some traits each, beside the mail. */
const RECIPIENTS_LIMIT_BYTES = 16_000_000;
/** A report above this does not fit into a header of every client (Node's limit is 16 kB for all). */
const LONGEST_HEADER = 7000;

/** `POST /v1/rewrite`, `/v1/rewrite/batch` and `/v1/recipients`. They work while the database is down. */
export function createEmailRoutes(deps: EmailRoutesDeps): Router {
  const service = createRewriteService(deps);
  const usedKeys = createUsedKeys(deps.now);
  const limits = { limit: deps.bodyLimit, what: "This email", setting: "BODY_LIMIT" };

  /** How this request's ids are made: from its `Idempotency-Key`, so that a retry is the same mail. */
  function newIdOf(req: Request, res: Response, body: Buffer): RequestIds | undefined {
    const key = readIdempotencyKey(req.headers);
    if (key === undefined) return undefined;
    const type = req.headers["content-type"] ?? "";
    return usedKeys.check(callerOf(res).id, key, req.originalUrl, type, body);
  }

  async function rewriteJson(req: Request, res: Response): Promise<void> {
    const bytes = await readBody(req, limits);
    const { html, text, ...request } = validate(rewriteBodySchema, parseJson(bytes));
    const { workspaceId } = callerOf(res);
    const newId = newIdOf(req, res, bytes);
    const rewritten = await service.rewrite(workspaceId, request, { html, text }, newId);
    res.json({
      html: rewritten.html ?? rewritten.text ?? html,
      text: request.options.part === "text" && text === undefined ? null : (rewritten.text ?? null),
      ...rewritten.answer,
    });
  }

  async function rewriteRaw(req: Request, res: Response): Promise<void> {
    const request = withMediaType(readRawQuery(queryOf(req)), req);
    const bytes = await readBody(req, limits);
    refuseEmptyMail(bytes.toString("latin1"));
    const charset = findCharset(bytes, charsetOf(req));
    const html = decodeBody(bytes, charset);
    const { workspaceId } = callerOf(res);
    const readPiece = createPieceReader(charset);
    const newId = newIdOf(req, res, bytes);
    const rewritten = await service.rewrite(workspaceId, request, { html, readPiece }, newId);
    setReport(res, rewritten.answer);
    const output = encodeBody(rewritten.html ?? rewritten.text ?? html, charset);
    res.setHeader("Content-Type", req.headers["content-type"] ?? "text/html; charset=utf-8");
    res.end(output);
  }

  async function rewriteMime(req: Request, res: Response): Promise<void> {
    const request = readRawQuery(queryOf(req));
    const bytes = await readBody(req, limits);
    const { workspaceId } = callerOf(res);
    const newId = newIdOf(req, res, bytes);
    // Named here once, so that all parts of the message carry the same reference.
    const freshId = newId?.("message 0") ?? deps.createId(deps.now());
    const messageId = request.message_id ?? (request.template ? undefined : freshId);
    const { message, answer } = await rewriteMessage(
      bytes,
      { ...request, message_id: messageId },
      (partRequest, parts) => service.rewrite(workspaceId, partRequest, parts, newId),
    );
    setReport(res, answer);
    res.setHeader("Content-Type", "message/rfc822");
    res.end(message);
  }

  async function rewriteBatch(req: Request, res: Response): Promise<void> {
    const limit = deps.bodyLimit + RECIPIENTS_LIMIT_BYTES;
    const bytes = await readBody(req, { ...limits, limit, what: "This batch" });
    const body = validate(openBatchBodySchema, parseJson(bytes));
    const { html, text, recipients, ...request } = body;
    const { workspaceId } = callerOf(res);
    const newId = newIdOf(req, res, bytes);
    const slices = service.rewriteBatch(workspaceId, request, { html, text }, recipients, newId);
    await writeNdjson(res, slices);
  }

  async function sealRecipients(req: Request, res: Response): Promise<void> {
    const bytes = await readBody(req, { limit: RECIPIENTS_LIMIT_BYTES });
    const { contacts } = validate(openRecipientsBodySchema, parseJson(bytes));
    const { workspaceId } = callerOf(res);
    const newId = newIdOf(req, res, bytes);
    res.json({ recipients: await service.sealRecipients(workspaceId, contacts, newId) });
  }

  const router = Router();
  const mayRewrite = deps.authorize("rewrite");
  router.post("/v1/rewrite", mayRewrite, (req, res) => {
    switch (mediaTypeOf(req)) {
      case "application/json":
        return rewriteJson(req, res);
      case "text/html":
      case "application/xhtml+xml":
      case "text/plain":
      case "text/x-amp-html":
        return rewriteRaw(req, res);
      case "message/rfc822":
        return rewriteMime(req, res);
      default:
        throw unsupportedMediaType(req);
    }
  });
  router.post("/v1/rewrite/batch", mayRewrite, rewriteBatch);
  router.post("/v1/recipients", mayRewrite, sealRecipients);
  return router;
}

async function writeNdjson(res: Response, slices: AsyncIterable<BatchLine[]>): Promise<void> {
  let started = false;
  for await (const lines of slices) {
    if (!started) {
      res.setHeader("Content-Type", "application/x-ndjson; charset=utf-8");
      started = true;
    }
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    if (!res.write(text) && !res.destroyed) await drained(res);
    if (res.destroyed) return;
  }
  res.end();
}

/** Resolves when the client takes more, or is gone; leaves no listener behind. */
async function drained(res: Response): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  await Promise.race([once(res, "drain", { signal }), once(res, "close", { signal })]);
  done.abort();
}

function mediaTypeOf(req: Request): string {
  return (req.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function charsetOf(req: Request): string {
  const [, quoted, plain] =
    /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]+))/i.exec(req.headers["content-type"] ?? "") ?? [];
  return quoted ?? plain ?? "utf-8";
}

/** The body's own type says which part it is, unless the query does. */
function withMediaType(request: ReturnType<typeof readRawQuery>, req: Request) {
  const type = mediaTypeOf(req);
  if (type !== "text/plain" && type !== "text/x-amp-html") return request;
  const part = type === "text/plain" ? ("text" as const) : ("amp" as const);
  return { ...request, options: { ...request.options, part } };
}

function queryOf(req: Request): URLSearchParams {
  const at = req.url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : req.url.slice(at + 1));
}

/** The whole report as one line of ASCII JSON; without the lists where they are too long. */
function setReport(res: Response, answer: object): void {
  const whole = toHeader(answer);
  const counts = Object.entries(answer).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.length : value,
  ]);
  res.setHeader(
    "Clicktrail-Report",
    whole.length <= LONGEST_HEADER ? whole : toHeader(Object.fromEntries(counts)),
  );
}

function toHeader(value: object): string {
  return JSON.stringify(value).replaceAll(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function unsupportedMediaType(req: Request): AppError {
  const given = req.headers["content-type"];
  const what = given ? `Content-Type "${given.slice(0, 100)}"` : "A body without Content-Type";
  return new AppError("unsupported_media_type", 415, `${what} is not taken here.`, {
    hint: "Send application/json, text/html, text/plain or message/rfc822.",
  });
}
