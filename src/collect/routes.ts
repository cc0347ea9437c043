import type { IncomingMessage } from "node:http";
import { type Request, type RequestHandler, type Response, Router } from "express";
import type { Caller } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { createUsedKeys, readIdempotencyKey } from "../lib/idempotency.ts";
import { parseJson } from "../lib/json.ts";
import type { EventRow } from "../log/event.ts";
import type { FailedSource, RejectedItem } from "../log/failed-events.ts";
import type { PlannedParam } from "../log/quality-checks.ts";
import type { Arrival } from "./arrival.ts";
import { readCollectBody } from "./body.ts";
import { createClickParameter } from "./click-parameter.ts";
import { allowAnyOrigin } from "./cors.ts";
import { findKeys } from "./credentials.ts";
import { type Envelope, openEnvelope } from "./envelope.ts";
import { isObject } from "./json-object.ts";
import { MAX_EVENT_BYTES } from "./limits.ts";
import { type Collected, collectEvents, type Rejection } from "./pipeline.ts";
import { PIXEL, readPixel } from "./pixel.ts";
import { createRecentEvents } from "./recent-events.ts";
import { describeRejection } from "./rejections.ts";
import { type CallType, isCallType } from "./segment-protocol.ts";

/** What collection needs from its neighbours. */
export interface CollectDeps {
  /** The caller a key belongs to, from memory; undefined for an unknown or revoked one. */
  findKey(secret: string): Caller | undefined;
  /** Appends facts: durable when resolved; rejects with `journal_full` (429) or `storage_unavailable` (503). */
  record(events: readonly EventRow[]): Promise<void>;
  /** Keeps what was refused, raw, with its reason. */
  keepRejected(items: readonly RejectedItem[]): Promise<void>;
  /** The sender's address, judged by TRUST_PROXY. */
  clientIp(req: IncomingMessage): string;
  /** Whether the request came over TLS, here or at a trusted proxy. */
  isSecure(req: IncomingMessage): boolean;
  /** What may be stored of an address (IP_MODE). */
  storableIp(ip: string): string | null;
  /** Class of the network an address belongs to, where one is known. */
  networkOf(ip: string): string | undefined;
  createId(): string;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** What a workspace's tracking plan declares of an event; null: nothing. From memory. */
  findPlanned(workspaceId: number, name: string): readonly PlannedParam[] | null;
  /** CLICK_PARAM. */
  clickParam: string;
  /** Whether a request asks that its visit be joined to nobody (Sec-GPC, where the operator says so). */
  refusesJoin(req: IncomingMessage): boolean;
}

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

interface Route {
  /** Null where each event names its own. */
  readonly type: CallType | null;
  readonly isImport?: boolean;
}

type Collector = ReturnType<typeof createCollector>;

function answerJson(collect: Collector, routeOf: (req: Request) => Route): RequestHandler {
  return async (req: Request, res: Response) => {
    const { events, rejections } = await collect.body(req, routeOf(req));
    res.set("Cache-Control", "no-store").json({
      success: true,
      accepted: events.length,
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

function createCollector(deps: CollectDeps) {
  const clickParameter = createClickParameter(deps.clickParam);
  const usedKeys = createUsedKeys(deps.now);
  const pipeline = {
    clickParameter,
    storableIp: deps.storableIp,
    isDuplicate: createRecentEvents().isDuplicate,
    findPlanned: deps.findPlanned,
  };

  function describeArrival(req: Request, caller: Caller, isImport = false): Arrival {
    const ip = deps.clientIp(req);
    return {
      caller,
      receivedAt: deps.now(),
      imported: isImport && caller.kind === "secret",
      idempotencyKey: readIdempotencyKey(req.headers),
      ip: deps.storableIp(ip),
      network: deps.networkOf(ip),
      secure: deps.isSecure(req),
      refusesJoin: caller.kind === "site" && deps.refusesJoin(req),
      headers: req.headers,
    };
  }

  async function keep(
    collected: Collected,
    arrival: Arrival,
    type: CallType | null,
  ): Promise<void> {
    if (collected.events.length > 0) await deps.record(collected.events);
    if (collected.rejections.length === 0) return;
    await deps.keepRejected(
      collected.rejections.map((item) => toRejectedItem(item, arrival, type)),
    );
  }

  return {
    /** Events of a POST. @throws {AppError} when nothing could be read, or the one event is bad */
    async body(req: Request, route: Route): Promise<Collected> {
      const bytes = await readCollectBody(req);
      const envelope = await openOrKeep(req, bytes);
      const caller = findCaller(deps, req, envelope.writeKey);
      const arrival = describeArrival(req, caller, route.isImport);
      const { idempotencyKey } = arrival;
      if (idempotencyKey !== undefined) usedKeys.check(caller.id, idempotencyKey, bytes);
      const { items, isBatch } = envelope;
      const batch = { items, type: route.type, isSmall: bytes.length <= MAX_EVENT_BYTES };
      const collected = collectEvents(batch, arrival, pipeline);
      await keep(collected, arrival, route.type);
      const [only] = collected.rejections;
      if (only && !isBatch) throw describeRejection(only.code);
      return collected;
    },
    /** The one event of a GET. Each hit counts: no browser sends an image again by itself. */
    async pixel(req: Request, type: CallType): Promise<void> {
      const event = readPixel(req.query, req.headers.referer);
      const arrival = describeArrival(req, findCaller(deps, req, null));
      const item = { messageId: deps.createId(), ...event };
      const collected = collectEvents({ items: [item], type, isSmall: true }, arrival, pipeline);
      await keep(collected, arrival, type);
      const [only] = collected.rejections;
      if (only) throw describeRejection(only.code);
    },
  };

  /** A body that can't be read is kept too, where the request's head tells whose it is. */
  async function openOrKeep(req: Request, bytes: Buffer): Promise<Envelope> {
    try {
      return openEnvelope(parseJson(bytes, { maxDepth: MAX_BODY_DEPTH }));
    } catch (error) {
      if (error instanceof AppError) await keepUnreadable(req, bytes, error.code);
      throw error;
    }
  }

  async function keepUnreadable(req: Request, bytes: Buffer, reason: string): Promise<void> {
    // Its key may have been in the body: then nobody can tell, and the body is what is wrong.
    if (findKeys(req.headers, req.query["writeKey"], null).length === 0) return;
    const { workspaceId, id, kind } = findCaller(deps, req, null);
    const raw = bytes.toString("utf8");
    const source = sourceOf(kind);
    const refusesJoin = source === "site" && deps.refusesJoin(req);
    await deps.keepRejected([
      { workspaceId, sourceId: id, source, refusesJoin, reason, raw, receivedAt: deps.now() },
    ]);
  }
}

/** Deeper bodies are refused whole, before anything recursive sees them; events have a limit of their own. */
const MAX_BODY_DEPTH = 64;

function findCaller(deps: CollectDeps, req: Request, bodyKey: string | null): Caller {
  for (const key of findKeys(req.headers, req.query["writeKey"], bodyKey)) {
    const caller = deps.findKey(key);
    if (!caller) continue;
    if (caller.scopes.has("collect") || caller.scopes.has("admin")) return caller;
    throw new AppError("forbidden", 403, "This key may not send events.", {
      hint: "Use a site key, or a key with the scope collect.",
    });
  }
  throw new AppError("unauthorized", 401, "The write key is missing or unknown.", {
    hint: "Send it as Basic user name, as Bearer token, or as writeKey in the body or the query.",
  });
}

/** What the path alone said of a call is kept with it: a replay has no path. */
function toRejectedItem(
  { code, raw }: Rejection,
  { caller, receivedAt, refusesJoin }: Arrival,
  type: CallType | null,
): RejectedItem {
  const item = type !== null && isObject(raw) ? { ...raw, type } : raw;
  return {
    workspaceId: caller.workspaceId,
    sourceId: caller.id,
    source: sourceOf(caller.kind),
    refusesJoin,
    reason: code,
    raw: JSON.stringify(item, spellInfinite),
    receivedAt,
  };
}

/** What is kept of a number that was too large must not read as if there had been none. */
function spellInfinite(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
    ? `${value}`
    : value;
}

function sourceOf(kind: Caller["kind"]): FailedSource {
  return kind === "site" ? "site" : "server";
}
