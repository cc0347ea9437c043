import { isUtf8 } from "node:buffer";
import {
  endOfRun,
  isArrayAt,
  isAt,
  isObjectAt,
  NOT_PLAIN,
  QUOTE,
  type SkipMember,
  skipArray,
  skipObject,
  skipSpace,
} from "../lib/skim-json.ts";
import { MAX_SHARED_CONTEXT } from "./envelope.ts";
import { MAX_BATCH_EVENTS, MAX_EVENT_BYTES } from "./limits.ts";
import type { CallType } from "./segment-protocol.ts";
import {
  createEventSkim,
  type EventSkim,
  isComplete,
  isPlainCall,
  skipEventMember,
} from "./skim-event.ts";

/** What the door has to know of a body in which nothing is wrong, and which holds no address. */
export interface SkimmedBody {
  /** At least one. */
  readonly events: number;
  /** Whether the body was a list. */
  readonly isBatch: boolean;
  readonly writeKey: string | null;
  /** The names of its events as they were sent, each once. */
  readonly names: readonly string[];
}

/**
 * Judges a body by its bytes, without making objects of them: what nearly all clients send, in a fraction of the time,
 * and it leaves no garbage.
 *
 * It passes only that in which `openEnvelope` and `findRejections` find nothing wrong; of all else it says nothing.
 *
 * @param bytes the body, inflated
 * @param route call type of the route, or null
 * @returns     undefined where the body has to be parsed
 */
export function skimBody(bytes: Buffer, route: CallType | null): SkimmedBody | undefined {
  if (!isUtf8(bytes) || (route !== null && !isPlainCall(route))) return undefined;
  const body = createBodySkim(route);
  const start = skipSpace(bytes, 0);
  const end = isArrayAt(bytes, start)
    ? skipBatch(bytes, start, body)
    : skipEnvelope(bytes, start, body);
  if (end === NOT_PLAIN || skipSpace(bytes, end) !== bytes.length) return undefined;
  const { events, isBatch, writeKey, names } = body;
  const isPlain = events > 0 && events <= MAX_BATCH_EVENTS && isSmall(body);
  return isPlain ? { events, isBatch, writeKey, names: [...names] } : undefined;
}

/** What is known of a body on the way through it. */
interface BodySkim {
  readonly route: CallType | null;
  events: number;
  isBatch: boolean;
  writeKey: string | null;
  readonly names: Set<string>;
  lastName: Buffer;
  /** The event at hand. */
  event: EventSkim;
  /** Bytes of the longest event, and of what a batch says once for all of them. */
  longestBytes: number;
  contextBytes: number;
  sentAtBytes: number;
}

const NO_NAME = Buffer.alloc(0);

function createBodySkim(route: CallType | null): BodySkim {
  return {
    route,
    events: 0,
    isBatch: false,
    writeKey: null,
    names: new Set(),
    lastName: NO_NAME,
    event: createEventSkim(),
    longestBytes: 0,
    contextBytes: 0,
    sentAtBytes: 0,
  };
}

/** The keys and commas of what is merged into each event of a batch. */
const MERGE_BYTES = 32;

/** What is plain gets no longer by being written again, as the limits measure it. */
function isSmall({ isBatch, longestBytes, contextBytes, sentAtBytes }: BodySkim): boolean {
  if (!isBatch) return longestBytes <= MAX_EVENT_BYTES;
  const mergedBytes = longestBytes + contextBytes + sentAtBytes + MERGE_BYTES;
  return contextBytes <= MAX_SHARED_CONTEXT && mergedBytes <= MAX_EVENT_BYTES;
}

/** An object that holds a batch, or is an event itself. */
function skipEnvelope(bytes: Buffer, start: number, body: BodySkim): number {
  if (!isObjectAt(bytes, start)) return NOT_PLAIN;
  const end = skipObject(bytes, start, skipBodyMember, body);
  return end === NOT_PLAIN || body.isBatch ? end : endEvent(bytes, start, end, body);
}

const BATCH = Buffer.from('batch"');
const WRITE_KEY = Buffer.from('writeKey"');
const CONTEXT = Buffer.from('context"');
const SENT_AT = Buffer.from('sentAt"');

const skipBodyMember: SkipMember<BodySkim> = (bytes, key, at, body) => {
  if (isAt(bytes, key, BATCH)) return skipBatch(bytes, at, body);
  if (isAt(bytes, key, WRITE_KEY)) return skipWriteKey(bytes, at, body);
  const end = skipEventMember(bytes, key, at, body.event);
  if (isAt(bytes, key, CONTEXT)) body.contextBytes = end - at;
  if (isAt(bytes, key, SENT_AT)) body.sentAtBytes = end - at;
  return end;
};

function skipBatch(bytes: Buffer, start: number, body: BodySkim): number {
  // Of two only the last would count.
  if (body.isBatch || !isArrayAt(bytes, start)) return NOT_PLAIN;
  body.isBatch = true;
  return skipArray(bytes, start, skipEvent, body);
}

function skipEvent(bytes: Buffer, start: number, body: BodySkim): number {
  if (!isObjectAt(bytes, start)) return NOT_PLAIN;
  body.event = createEventSkim();
  const end = skipObject(bytes, start, skipEventMember, body.event);
  return end === NOT_PLAIN ? NOT_PLAIN : endEvent(bytes, start, end, body);
}

function endEvent(bytes: Buffer, start: number, end: number, body: BodySkim): number {
  if (!isComplete(body.event, body.route) || !addName(bytes, body)) return NOT_PLAIN;
  body.events += 1;
  body.longestBytes = Math.max(body.longestBytes, end - start);
  return end;
}

/** @returns false for a name that is none */
function addName(bytes: Buffer, body: BodySkim): boolean {
  const { nameStart: start, nameEnd: end } = body.event;
  // Many events in a row have one name: it is not made a text again.
  const { lastName } = body;
  if (start === NOT_PLAIN || (lastName.length === end - start && isAt(bytes, start, lastName))) {
    return true;
  }
  const name = bytes.toString("utf8", start, end);
  if (name.trim() === "") return false;
  body.lastName = bytes.subarray(start, end);
  body.names.add(name);
  return true;
}

function skipWriteKey(bytes: Buffer, at: number, body: BodySkim): number {
  const end = endOfRun(bytes, at + 1);
  if (bytes[at] !== QUOTE || bytes[end] !== QUOTE) return NOT_PLAIN;
  body.writeKey = bytes.toString("utf8", at + 1, end) || null;
  return end + 1;
}
