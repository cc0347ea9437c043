import { AppError } from "../lib/errors.ts";
import { type Json, parseJson } from "../lib/json.ts";
import { toStorableText } from "../lib/storable.ts";
import { type EventRow, readEvent } from "../log/event.ts";
import type { RejectedItem } from "../log/failed-events.ts";
import type { PlannedParam } from "../log/quality-checks.ts";
import { type Origin, originOf } from "./arrival.ts";
import type { ClickParameter } from "./click-parameter.ts";
import { type Envelope, openEnvelope } from "./envelope.ts";
import { isObject } from "./json-object.ts";
import { collectEvents } from "./pipeline.ts";
import { NOTHING_RECENT } from "./recent-events.ts";
import type { FailedEvent } from "./store-failed.ts";

export interface ReadAgainDeps {
  readonly clickParameter: ClickParameter;
  /** The address as it may be stored. */
  storableIp(ip: string): string | null;
  findPlanned(workspaceId: number, name: string): readonly PlannedParam[] | null;
}

/** A refused event read again. */
export interface ReadAgain {
  readonly events: readonly EventRow[];
  readonly rejected: readonly { index: number; code: string; item: RejectedItem }[];
}

/** As at the door: deeper bodies are refused whole. */
const MAX_BODY_DEPTH = 64;

/**
 * Reads a refused event as the door would, at the moment at which it came, with what was edited.
 *
 * Events without an id of their own, or with another's, get one of the refused event's, so that however often it is read, and whatever
 * was edited in between, it is the same fact.
 */
export function readAgain(workspaceId: number, event: FailedEvent, deps: ReadAgainDeps): ReadAgain {
  const text = event.edited ?? event.raw;
  const reject = (index: number, code: string, raw: string, reason = code) => ({
    index,
    code,
    item: { ...describeOrigin(workspaceId, event), reason, raw },
  });
  const opened = openBody(text);
  if (typeof opened === "string") return { events: [], rejected: [reject(0, opened, text)] };
  if (isFact(event, opened.body)) {
    const fact = openFact({ ...opened.body, workspace_id: workspaceId });
    if (typeof fact !== "string") return { events: [fact], rejected: [] };
    return { events: [], rejected: [reject(0, "invalid_body", text, fact)] };
  }
  const items = opened.envelope.items.map((item, index) => withId(item, event, index));
  const origin = describeHead(workspaceId, event);
  const { events, rejections } = collectEvents({ items, type: null, isSmall: false }, origin, {
    ...deps,
    // What came near it in time is no longer in memory.
    recent: NOTHING_RECENT,
  });
  return {
    events,
    rejected: rejections.map(({ index, code, raw }) => reject(index, code, JSON.stringify(raw))),
  };
}

function openBody(text: string): { body: Json; envelope: Envelope } | string {
  try {
    const body = parseJson(Buffer.from(text), { maxDepth: MAX_BODY_DEPTH });
    return { body, envelope: openEnvelope(body) };
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

/** Only what the database refused was a fact: a sender's item that looks like one is an item. */
function isFact({ source }: FailedEvent, body: Json): body is { [name: string]: Json } {
  return source === null && isObject(body) && "event_id" in body && "occurred_at" in body;
}

/** The fact, or a sentence that says what is wrong with it. */
function openFact(body: object): EventRow | string {
  try {
    return readEvent(body);
  } catch (error) {
    // It may quote a key of the fact.
    if (error instanceof AppError) return toStorableText(error.message);
    throw error;
  }
}

function withId(item: unknown, { id, reason }: FailedEvent, index: number): unknown {
  if (!isObject(item)) return item;
  const isOwn = reason !== "message_id_reused" && (item["messageId"] || item["message_id"]);
  return isOwn ? item : { ...item, messageId: index === 0 ? id : `${id}-${index}` };
}

function describeOrigin(workspaceId: number, event: FailedEvent) {
  const { sourceId, source, receivedAt, refusesJoin } = event;
  return {
    workspaceId,
    sourceId,
    source: source ?? ("site" as const),
    receivedAt,
    refusesJoin: refusesJoin === 1,
  };
}

/** Nothing is known any more of the request's head. */
function describeHead(workspaceId: number, event: FailedEvent): Origin {
  const kind = event.source === "server" ? "secret" : "site";
  return originOf({
    caller: { workspaceId, kind, id: event.sourceId },
    receivedAt: event.receivedAt,
    imported: false,
    idempotencyKey: undefined,
    ip: null,
    network: undefined,
    secure: false,
    refusesJoin: event.refusesJoin === 1,
    headers: {},
  });
}
