import {
  createKeyLookup,
  endOfRun,
  isArrayAt,
  isDigit,
  isObjectAt,
  NOT_PLAIN,
  QUOTE,
  type SkipMember,
  skipArray,
  skipObject,
  skipScalar,
} from "../lib/skim-json.ts";
import { MAX_DEPTH, MAX_NAME_LENGTH, MAX_PROPERTIES } from "./limits.ts";
import { type CallType, MAX_ID_LENGTH } from "./segment-protocol.ts";
import { isPlainTimeAt, parseTime } from "./time.ts";

/** What is known of an event on the way through its members. */
export interface EventSkim {
  type: CallType | null;
  /** Where its name lies, without its quotes; nowhere while none was met. */
  nameStart: number;
  nameEnd: number;
  hasUserId: boolean;
  hasAnonymousId: boolean;
  /** Members of its properties or traits. */
  properties: number;
}

/** Makes the skim of an event none of whose members was met. */
export function createEventSkim(): EventSkim {
  return {
    type: null,
    nameStart: NOT_PLAIN,
    nameEnd: NOT_PLAIN,
    hasUserId: false,
    hasAnonymousId: false,
    properties: 0,
  };
}

/**
 * Whether nothing that an event must have is missing.
 *
 * @param route call type of the route, or null
 */
export function isComplete(event: EventSkim, route: CallType | null): boolean {
  const type = route ?? event.type;
  if (type === null || !(event.hasUserId || event.hasAnonymousId)) return false;
  return type !== "track" || event.nameStart !== NOT_PLAIN;
}

/** Passes a member of an event. */
export const skipEventMember: SkipMember<EventSkim> = (bytes, key, at, event) => {
  const skipKnown = findMember(bytes, key);
  return skipKnown ? skipKnown(bytes, key, at, event) : skipMemberOf(bytes, key, at, MAX_DEPTH - 1);
};

const findMember = createKeyLookup<SkipMember<EventSkim>>([
  ["type", skipType],
  ["event", skipName],
  ["userId", skipUserId],
  ["anonymousId", skipAnonymousId],
  ["timestamp", skipTime],
  ["originalTimestamp", skipTime],
  ["properties", skipProperties],
  ["traits", skipProperties],
  // Of calls that are rare, and parsed.
  ["groupId", () => NOT_PLAIN],
  ["previousId", () => NOT_PLAIN],
]);

/** Calls that need no more than an id, and one of them a name. */
const findCall = createKeyLookup<CallType>([
  ["track", "track"],
  ["page", "page"],
  ["screen", "screen"],
  ["identify", "identify"],
]);

/** Whether the skim can tell that nothing is missing of a call of this type. */
export function isPlainCall(type: CallType): boolean {
  return findCall(Buffer.from(`${type}"`), 0) !== undefined;
}

function skipType(bytes: Buffer, _key: number, at: number, event: EventSkim): number {
  const type = findCall(bytes, at + 1);
  if (type === undefined || bytes[at] !== QUOTE) return NOT_PLAIN;
  event.type = type;
  return skipScalar(bytes, at);
}

/** Whether it is more than white space, only its text tells. */
function skipName(bytes: Buffer, _key: number, at: number, event: EventSkim): number {
  const end = skipShortText(bytes, at, MAX_NAME_LENGTH);
  event.nameStart = at + 1;
  event.nameEnd = end - 1;
  return end;
}

function skipUserId(bytes: Buffer, _key: number, at: number, event: EventSkim): number {
  event.hasUserId = bytes[at] !== LETTER_N;
  return skipId(bytes, at);
}

function skipAnonymousId(bytes: Buffer, _key: number, at: number, event: EventSkim): number {
  event.hasAnonymousId = bytes[at] !== LETTER_N;
  return skipId(bytes, at);
}

const [LETTER_N] = Buffer.from("n");

/** A text, a number, or null, which is none. */
function skipId(bytes: Buffer, at: number): number {
  if (bytes[at] === LETTER_N || isDigit(bytes[at])) return skipScalar(bytes, at);
  // Of the characters that are not ASCII, some are white space.
  return isVisible(bytes[at + 1]) ? skipShortText(bytes, at, MAX_ID_LENGTH) : NOT_PLAIN;
}

/** Passes a text without escapes that is not empty. */
function skipShortText(bytes: Buffer, at: number, maxBytes: number): number {
  const end = endOfRun(bytes, at + 1);
  const length = end - at - 1;
  const isText = bytes[at] === QUOTE && bytes[end] === QUOTE;
  return isText && length > 0 && length <= maxBytes ? end + 1 : NOT_PLAIN;
}

const SPACE = 32;
const TILDE = 126;

function isVisible(byte: number | undefined): boolean {
  return byte !== undefined && byte > SPACE && byte <= TILDE;
}

/** A moment as text or number, or null. */
function skipTime(bytes: Buffer, _key: number, at: number): number {
  const end = skipScalar(bytes, at);
  if (end === NOT_PLAIN || bytes[at] === LETTER_N || isPlainTimeAt(bytes, at)) return end;
  return parseTime(JSON.parse(bytes.toString("utf8", at, end))) === null ? NOT_PLAIN : end;
}

function skipProperties(bytes: Buffer, _key: number, at: number, event: EventSkim): number {
  if (!isObjectAt(bytes, at)) return skipValue(bytes, at, MAX_DEPTH - 1);
  event.properties = 0;
  const end = skipObject(bytes, at, skipProperty, event);
  return event.properties > MAX_PROPERTIES ? NOT_PLAIN : end;
}

function skipProperty(bytes: Buffer, key: number, at: number, event: EventSkim): number {
  event.properties += 1;
  return skipMemberOf(bytes, key, at, MAX_DEPTH - 2);
}

/** @param levels of arrays and objects that the value may have */
function skipMemberOf(bytes: Buffer, key: number, at: number, levels: number): number {
  // The value begins behind the key.
  const mayBeLong = at - key > MAX_NAME_LENGTH;
  return mayBeLong || isOddKey(bytes, key) ? NOT_PLAIN : skipValue(bytes, at, levels);
}

function skipValue(bytes: Buffer, at: number, levels: number): number {
  if (isObjectAt(bytes, at)) {
    return levels === 0 ? NOT_PLAIN : skipObject(bytes, at, skipMemberOf, levels - 1);
  }
  if (isArrayAt(bytes, at)) {
    return levels === 0 ? NOT_PLAIN : skipArray(bytes, at, skipValue, levels - 1);
  }
  return skipScalar(bytes, at);
}

/** Keys that are forbidden, and that of an address, which may not be kept. */
const isOddKey = createKeyLookup([
  ["ip", true],
  ["__proto__", true],
  ["constructor", true],
  ["prototype", true],
]);
