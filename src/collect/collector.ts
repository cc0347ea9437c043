import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bytes } from "../lib/bytes.ts";
import type { Caller } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { createUsedKeys, readIdempotencyKey } from "../lib/idempotency.ts";
import { parseJson } from "../lib/json.ts";
import { createSlabs } from "../lib/slabs.ts";
import type { EventRow } from "../log/event.ts";
import { toEventName } from "../log/event-name.ts";
import type { RejectedItem } from "../log/failed-events.ts";
import type { PlannedParam } from "../log/quality-checks.ts";
import { type Origin, originOf } from "./arrival.ts";
import { readCollectBody } from "./body.ts";
import { createClickParameter } from "./click-parameter.ts";
import { findCaller, findKeys } from "./credentials.ts";
import { type JudgeClick, spellOutEarlyClicks } from "./early-clicks.ts";
import { type Envelope, openEnvelope } from "./envelope.ts";
import { isObject, textOf } from "./json-object.ts";
import { mayKeepBytes, writeBody } from "./kept-body.ts";
import { writeKeptRequest } from "./kept-requests.ts";
import { MAX_EVENT_BYTES, MAX_NAME_LENGTH } from "./limits.ts";
import { type Batch, collectEvents, findRejections, type Rejection } from "./pipeline.ts";
import { readPixel } from "./pixel.ts";
import { createRecentEvents } from "./recent-events.ts";
import { sourceOf, toRejectedItem } from "./rejected-item.ts";
import { describeRejection } from "./rejections.ts";
import type { CallType } from "./segment-protocol.ts";
import { type SkimmedBody, skimBody } from "./skim-body.ts";

/** What collection needs from its neighbours. */
export interface CollectDeps {
  /** The caller a key belongs to, from memory; undefined for an unknown or revoked one. */
  findKey(secret: string): Caller | undefined;
  /** Throws `journal_full` (429) or `storage_unavailable` (503) while nothing can be kept. */
  checkRoom(): void;
  /** Appends facts: durable when resolved; rejects as `checkRoom` throws. */
  record(events: readonly EventRow[]): Promise<void>;
  /** Appends a request as `kept-requests.ts` writes it, that stands for so many events; the same promise. */
  recordRequest(json: Bytes, events: number): Promise<void>;
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
  /** What a site's triggers make of a click that its script could not judge. From memory. */
  judgeEarlyClick: JudgeClick;
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

/** A refusal takes so long: who asks again at once, whatever Retry-After says, shall not take the core. */
const REFUSAL_MS = 200;

/** Deeper bodies are refused whole, before anything recursive sees them; events have a limit of their own. */
const MAX_BODY_DEPTH = 64;

/** The events of a request with what may be kept of its body. */
interface Given extends Batch {
  /** The body, if the events are all there is to it and it may be kept as it is. */
  readonly bytes: Buffer | undefined;
}

/**
 * A request whose events have been judged. They themselves are gone: held while the disk is waited for, they made
 * collecting garbage the largest part of a big batch.
 */
interface Judged extends Verdicts {
  /** The request for the journal; undefined where nothing was accepted, or facts are kept in its place. */
  readonly request: Bytes | undefined;
  readonly facts: readonly EventRow[];
  readonly refused: readonly RejectedItem[];
}

interface JudgedBody extends Judged {
  readonly isBatch: boolean;
}

/** Puts a collector together. */
export function createCollector(deps: CollectDeps): Collector {
  const usedKeys = createUsedKeys(deps.now);
  const slabs = createSlabs();
  const pipeline = {
    clickParameter: createClickParameter(deps.clickParam),
    storableIp: deps.storableIp,
    recent: createRecentEvents(),
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

  function judge(given: Given, origin: Origin): Judged {
    const rejections = findRejections(given);
    const accepted = given.items.length - rejections.length;
    // Who is named in it decides what may be kept.
    const asFacts = accepted > 0 && !deps.mayKeepRequests(origin.caller.workspaceId);
    const asRequest = accepted > 0 && !asFacts;
    const collected = asFacts ? collectEvents(given, origin, pipeline) : { events: [], rejections };
    return {
      accepted,
      rejections,
      request: asRequest ? writeRequest(given, rejections, origin) : undefined,
      facts: collected.events,
      refused: collected.rejections.map((item) => toRejectedItem(item, origin, given.type)),
    };
  }

  async function keep({ accepted, request, facts, refused }: Judged): Promise<void> {
    if (request) await deps.recordRequest(request, accepted);
    if (facts.length > 0) await deps.record(facts);
    if (refused.length > 0) await deps.keepRejected(refused);
  }

  function writeRequest(given: Given, rejections: readonly Rejection[], origin: Origin): Bytes {
    const { items, type, bytes } = given;
    const refused = rejections.map(({ index }) => index);
    const body = writeBody({ items, refused, bytes, kind: origin.caller.kind }, deps.storableIp);
    const planned = findAllPlanned(namesOf(items), origin);
    return writeKeptRequest({ origin, type, refused, planned }, body);
  }

  /** What the plan says when the event comes, holds for it: the import may be another day. */
  function findAllPlanned(names: readonly string[], { caller }: Origin) {
    const planned: Record<string, readonly PlannedParam[]> = {};
    for (const given of names) {
      const name = toEventName(given);
      const params = deps.findPlanned(caller.workspaceId, name);
      if (params !== null) planned[name] = params;
    }
    return planned;
  }

  /** Under pressure the time is the import's: what cannot be kept is not read, nor is its sender soon back. */
  async function ensureRoom(req: IncomingMessage): Promise<void> {
    try {
      deps.checkRoom();
    } catch (error) {
      req.resume();
      await sleep(REFUSAL_MS);
      throw error;
    }
  }

  /** What can't be read has no events to judge. */
  function judgeBody(req: CollectRequest, bytes: Buffer, route: Route): JudgedBody | AppError {
    const skimmed = skimBody(bytes, route.type);
    return (skimmed && judgeSkimmed(req, bytes, route, skimmed)) ?? judgeParsed(req, bytes, route);
  }

  /** @returns undefined where what the body says decides what is kept of it */
  function judgeSkimmed(
    req: CollectRequest,
    bytes: Buffer,
    { type, isImport }: Route,
    { events, isBatch, writeKey, names }: SkimmedBody,
  ): JudgedBody | undefined {
    const caller = findCaller(deps.findKey, req, writeKey);
    const isKept =
      deps.mayKeepRequests(caller.workspaceId) &&
      mayKeepBytes({ bytes, events, writeKey, kind: caller.kind });
    if (!isKept) return undefined;
    const origin = describeOrigin(req, caller, isImport);
    checkRepeated(origin, bytes);
    const planned = findAllPlanned(names, origin);
    const request = writeKeptRequest({ origin, type, refused: [], planned }, bytes);
    return { isBatch, accepted: events, rejections: [], request, facts: [], refused: [] };
  }

  function judgeParsed(req: CollectRequest, bytes: Buffer, route: Route): JudgedBody | AppError {
    const envelope = openBody(bytes);
    if (envelope instanceof AppError) return envelope;
    const { isBatch, writeKey } = envelope;
    const caller = findCaller(deps.findKey, req, writeKey);
    const items = spellOutEarlyClicks(envelope.items, caller, deps.judgeEarlyClick);
    const isAsItCame = items === envelope.items;
    const origin = describeOrigin(req, caller, route.isImport);
    checkRepeated(origin, bytes);
    const isPlain =
      isAsItCame && mayKeepBytes({ bytes, events: items.length, writeKey, kind: caller.kind });
    const isSmall = isAsItCame && bytes.length <= MAX_EVENT_BYTES;
    const given = { items, type: route.type, isSmall, bytes: isPlain ? bytes : undefined };
    return { isBatch, ...judge(given, origin) };
  }

  function checkRepeated({ caller, idempotencyKey }: Origin, bytes: Buffer): void {
    if (idempotencyKey !== undefined) usedKeys.check(caller.id, idempotencyKey, bytes);
  }

  /** A body that can't be read is kept too, where the request's head tells whose it is. */
  async function keepUnreadable(req: CollectRequest, bytes: Buffer, reason: string): Promise<void> {
    // Its key may have been in the body: then nobody can tell, and the body is what is wrong.
    if (findKeys(req.headers, req.query["writeKey"], null).length === 0) return;
    const { workspaceId, id, kind } = findCaller(deps.findKey, req, null);
    const raw = bytes.toString("utf8");
    const source = sourceOf(kind);
    const refusesJoin = source === "site" && deps.refusesJoin(req);
    await deps.keepRejected([
      { workspaceId, sourceId: id, source, refusesJoin, reason, raw, receivedAt: deps.now() },
    ]);
  }

  async function takeBody(req: CollectRequest, bytes: Buffer, route: Route): Promise<Verdicts> {
    const judged = judgeBody(req, bytes, route);
    if (judged instanceof AppError) {
      await keepUnreadable(req, bytes, judged.code);
      throw judged;
    }
    await keep(judged);
    const [only] = judged.rejections;
    if (only && !judged.isBatch) throw describeRejection(only.code);
    return judged;
  }

  return {
    async body(req, route) {
      await ensureRoom(req);
      const memory = slabs.hold();
      try {
        return await takeBody(req, await readCollectBody(req, memory.join), route);
      } finally {
        memory.release();
      }
    },
    async pixel(req, type) {
      const event = readPixel(req.query, req.headers.referer);
      const origin = describeOrigin(req, findCaller(deps.findKey, req, null));
      const items = [{ messageId: deps.createId(), ...event }];
      const judged = judge({ items, type, isSmall: true, bytes: undefined }, origin);
      await keep(judged);
      const [only] = judged.rejections;
      if (only) throw describeRejection(only.code);
    },
  };
}

/** Names of events as they were sent, of those that have one. */
function namesOf(items: readonly unknown[]): string[] {
  return items.flatMap((item) => {
    const name = isObject(item) ? textOf(item["event"]) : null;
    return name === null || name.length > MAX_NAME_LENGTH ? [] : [name];
  });
}

function openBody(bytes: Buffer): Envelope | AppError {
  try {
    return openEnvelope(parseJson(bytes, { maxDepth: MAX_BODY_DEPTH }));
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
