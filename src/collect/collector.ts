import type { IncomingMessage } from "node:http";
import type { Caller } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { createUsedKeys, readIdempotencyKey } from "../lib/idempotency.ts";
import { parseJsonText } from "../lib/json.ts";
import type { EventRow } from "../log/event.ts";
import { toEventName } from "../log/event-name.ts";
import type { RejectedItem } from "../log/failed-events.ts";
import type { PlannedParam } from "../log/quality-checks.ts";
import { type Origin, originOf } from "./arrival.ts";
import { readCollectBody } from "./body.ts";
import { createClickParameter } from "./click-parameter.ts";
import { findKeys } from "./credentials.ts";
import { type Envelope, openEnvelope } from "./envelope.ts";
import { isObject, textOf } from "./json-object.ts";
import { writeKeptRequest } from "./kept-requests.ts";
import { MAX_EVENT_BYTES, MAX_NAME_LENGTH } from "./limits.ts";
import { collectEvents, findRejections, type Rejection } from "./pipeline.ts";
import { readPixel } from "./pixel.ts";
import { createRecentEvents } from "./recent-events.ts";
import { sourceOf, toRejectedItem } from "./rejected-item.ts";
import { describeRejection } from "./rejections.ts";
import type { CallType } from "./segment-protocol.ts";

/** What collection needs from its neighbours. */
export interface CollectDeps {
  /** The caller a key belongs to, from memory; undefined for an unknown or revoked one. */
  findKey(secret: string): Caller | undefined;
  /** Appends facts: durable when resolved; rejects with `journal_full` (429) or `storage_unavailable` (503). */
  record(events: readonly EventRow[]): Promise<void>;
  /** Appends a request as `kept-requests.ts` writes it, that stands for so many events; the same promise. */
  recordRequest(json: string, events: number): Promise<void>;
  /** Whether a workspace's requests may be kept before anybody has read who they name. */
  mayKeepRequests(workspaceId: number): boolean;
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

/** What the path says of a request. */
export interface Route {
  /** Null where each event names its own. */
  readonly type: CallType | null;
  readonly isImport?: boolean;
}

/** A request of the API as its framework hands it over. */
interface CollectRequest extends IncomingMessage {
  readonly query: Readonly<Record<string, unknown>>;
}

/** The verdict on each event of a request. */
interface Verdicts {
  readonly accepted: number;
  readonly rejections: readonly Rejection[];
}

/** Takes events in: all that a door does behind its routes. */
export interface Collector {
  /** Events of a POST. @throws {AppError} when nothing could be read, or the one event is bad */
  body(req: CollectRequest, route: Route): Promise<Verdicts>;
  /** The one event of a GET. Each hit counts: no browser sends an image again by itself. */
  pixel(req: CollectRequest, type: CallType): Promise<void>;
}

/** Deeper bodies are refused whole, before anything recursive sees them; events have a limit of their own. */
const MAX_BODY_DEPTH = 64;

/** The items of one request, judged. */
interface Judged {
  readonly items: readonly unknown[];
  readonly rejections: readonly Rejection[];
  readonly type: CallType | null;
  readonly isSmall: boolean;
  /** The body's text, if the items are all there is to it and it may be kept as it is. */
  readonly text: string | undefined;
}

/** Puts a collector together. */
export function createCollector(deps: CollectDeps): Collector {
  const usedKeys = createUsedKeys(deps.now);
  const pipeline = {
    clickParameter: createClickParameter(deps.clickParam),
    storableIp: deps.storableIp,
    isDuplicate: createRecentEvents().isDuplicate,
    findPlanned: deps.findPlanned,
  };

  function describeOrigin(req: IncomingMessage, caller: Caller, isImport = false): Origin {
    const ip = deps.clientIp(req);
    return originOf({
      caller,
      receivedAt: deps.now(),
      imported: isImport && caller.kind === "secret",
      idempotencyKey: readIdempotencyKey(req.headers),
      ip: deps.storableIp(ip),
      network: deps.networkOf(ip),
      secure: deps.isSecure(req),
      refusesJoin: caller.kind === "site" && deps.refusesJoin(req),
      headers: req.headers,
    });
  }

  async function keep(judged: Judged, origin: Origin): Promise<void> {
    const { items, rejections, type } = judged;
    if (items.length > rejections.length) {
      if (deps.mayKeepRequests(origin.caller.workspaceId)) await keepRequest(judged, origin);
      // Who is named in it decides what may be kept.
      else await deps.record(collectEvents(judged, origin, pipeline).events);
    }
    if (rejections.length === 0) return;
    await deps.keepRejected(rejections.map((item) => toRejectedItem(item, origin, type)));
  }

  async function keepRequest(judged: Judged, origin: Origin): Promise<void> {
    const { items, rejections, type } = judged;
    const refused = rejections.map(({ index }) => index);
    const planned = findAllPlanned(items, origin);
    const json = writeKeptRequest({ origin, type, refused, planned }, writeBody(judged, origin));
    await deps.recordRequest(json, items.length - refused.length);
  }

  /** What the plan says when the event comes, holds for it: the import may be another day. */
  function findAllPlanned(items: readonly unknown[], { caller }: Origin) {
    const planned: Record<string, readonly PlannedParam[]> = {};
    for (const item of items) {
      const given = isObject(item) ? textOf(item["event"]) : null;
      if (given === null || given.length > MAX_NAME_LENGTH) continue;
      const name = toEventName(given);
      const params = deps.findPlanned(caller.workspaceId, name);
      if (params !== null) planned[name] = params;
    }
    return planned;
  }

  /** The body as it came, or its items alone where it holds what may not be kept. */
  function writeBody({ items, rejections, text }: Judged, { caller }: Origin): string {
    const isClean = rejections.length === 0 && !items.some(holdsAddress);
    if (isClean && text !== undefined) return text;
    const refused = new Set(rejections.map(({ index }) => index));
    return JSON.stringify(
      items.map((item, index) => (refused.has(index) ? null : withStorableIp(item, caller.kind))),
    );
  }

  /** Full addresses never leave memory. */
  function withStorableIp(item: unknown, kind: Caller["kind"]): unknown {
    if (!isObject(item) || !holdsAddress(item)) return item;
    const context = item["context"];
    const ip = isObject(context) ? textOf(context["ip"]) : null;
    const storable = ip === null || kind === "site" ? null : deps.storableIp(ip);
    return { ...item, context: { ...Object(context), ip: storable } };
  }

  /** A body that can't be read is kept too, where the request's head tells whose it is. */
  async function openOrKeep(
    req: CollectRequest,
    bytes: Buffer,
  ): Promise<{ envelope: Envelope; text: string }> {
    try {
      const { text, value } = parseJsonText(bytes, { maxDepth: MAX_BODY_DEPTH });
      return { envelope: openEnvelope(value), text };
    } catch (error) {
      if (error instanceof AppError) await keepUnreadable(req, bytes, error.code);
      throw error;
    }
  }

  async function keepUnreadable(req: CollectRequest, bytes: Buffer, reason: string): Promise<void> {
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

  return {
    async body(req, { type, isImport }) {
      const bytes = await readCollectBody(req);
      const { envelope, text } = await openOrKeep(req, bytes);
      const caller = findCaller(deps, req, envelope.writeKey);
      const origin = describeOrigin(req, caller, isImport);
      const { idempotencyKey } = origin;
      if (idempotencyKey !== undefined) usedKeys.check(caller.id, idempotencyKey, bytes);
      const batch = { items: envelope.items, type, isSmall: bytes.length <= MAX_EVENT_BYTES };
      const rejections = findRejections(batch);
      const isPlain = mayKeepText(envelope, caller, bytes.length);
      await keep({ ...batch, rejections, text: isPlain ? text : undefined }, origin);
      const [only] = rejections;
      if (only && !envelope.isBatch) throw describeRejection(only.code);
      return { accepted: batch.items.length - rejections.length, rejections };
    },
    async pixel(req, type) {
      const event = readPixel(req.query, req.headers.referer);
      const origin = describeOrigin(req, findCaller(deps, req, null));
      const batch = { items: [{ messageId: deps.createId(), ...event }], type, isSmall: true };
      const rejections = findRejections(batch);
      await keep({ ...batch, rejections, text: undefined }, origin);
      const [only] = rejections;
      if (only) throw describeRejection(only.code);
    },
  };
}

/** Not with a secret key in it, nor with much that belongs to no event. */
function mayKeepText({ items, writeKey }: Envelope, caller: Caller, bytes: number): boolean {
  return (writeKey === null || caller.kind === "site") && bytes <= items.length * MAX_EVENT_BYTES;
}

function holdsAddress(item: unknown): boolean {
  if (!isObject(item)) return false;
  const context = item["context"];
  return isObject(context) && context["ip"] !== undefined;
}

function findCaller(deps: CollectDeps, req: CollectRequest, bodyKey: string | null): Caller {
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
