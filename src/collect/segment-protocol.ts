import { toEventName } from "../log/event-name.ts";
import { isObject, type JsonObject, objectOf, textOf } from "./json-object.ts";
import { MAX_NAME_LENGTH, type RejectCode } from "./limits.ts";
import { parseTime } from "./time.ts";

/** The calls of Segment's specification. */
export type CallType = "track" | "page" | "screen" | "identify" | "group" | "alias";

const CALL_TYPES: ReadonlySet<string> = new Set<CallType>([
  "track",
  "page",
  "screen",
  "identify",
  "group",
  "alias",
]);

/** Whether a text names a call. */
export function isCallType(text: unknown): text is CallType {
  return typeof text === "string" && CALL_TYPES.has(text);
}

/** Longer ids are no ids; the index must not carry them. */
export const MAX_ID_LENGTH = 512;
/** RFC 5321: 64 of the local part, the sign, 255 of the domain, less the brackets. */
const MAX_EMAIL_LENGTH = 254;

/** One call, read but not judged: what it says in our words. */
export interface Message {
  readonly type: CallType;
  /** The name it is kept under. */
  readonly name: string;
  /** The name as the sender wrote it; null for calls that carry none. */
  readonly givenName: string | null;
  readonly messageId: string | null;
  readonly userId: string | null;
  readonly anonymousId: string | null;
  readonly email: string | null;
  /** Milliseconds by the sender's clock. */
  readonly originalAt: number | null;
  readonly sentAt: number | null;
  readonly context: JsonObject;
  /** Of track, page and screen the properties; of the others `{traits, group_id?, previous_id?}`. */
  readonly properties: JsonObject;
  readonly raw: JsonObject;
}

/**
 * Reads one call of Segment's protocol, whichever of its clients wrote it.
 *
 * @param raw  within the limits of `limits.ts`
 * @param type of the route; null where every call names its own
 * @returns    the call, or why it can't be taken
 * @see https://segment.com/docs/connections/spec/common/
 */
export function readMessage(raw: JsonObject, type: CallType | null): Message | RejectCode {
  const given = readType(raw, type);
  if (!isCallType(given)) return given;
  const broken = findMissingPart(given, raw);
  if (broken) return broken;
  const originalAt = readOriginalTime(raw);
  if (originalAt === "invalid_timestamp") return originalAt;
  const givenName = given === "track" ? textOf(raw["event"]) : null;
  const name = givenName === null ? NAMES[given] : toEventName(givenName);
  const properties = readProperties(given, raw);
  const context = objectOf(raw["context"]);
  return {
    type: given,
    name,
    givenName,
    messageId: idOf(raw["messageId"]) ?? idOf(raw["message_id"]),
    userId: idOf(raw["userId"]),
    anonymousId: idOf(raw["anonymousId"]),
    email: readEmail(given, name, raw),
    originalAt,
    sentAt: parseTime(raw["sentAt"]),
    context,
    properties,
    raw,
  };
}

/** Why a call can't be taken, as `readMessage` says it; null where nothing is wrong with it. */
export function findFault(raw: JsonObject, type: CallType | null): RejectCode | null {
  const given = readType(raw, type);
  if (!isCallType(given)) return given;
  const missing = findMissingPart(given, raw);
  if (missing) return missing;
  return readOriginalTime(raw) === "invalid_timestamp" ? "invalid_timestamp" : null;
}

function readType(
  raw: JsonObject,
  type: CallType | null,
): CallType | "missing_type" | "unknown_type" {
  const given = type ?? raw["type"];
  if (given === undefined || given === null || given === "") return "missing_type";
  return isCallType(given) ? given : "unknown_type";
}

const NAMES: Record<CallType, string> = {
  track: "track",
  page: "page_view",
  screen: "screen_view",
  identify: "identify",
  group: "group",
  alias: "alias",
};

function findMissingPart(type: CallType, raw: JsonObject): RejectCode | null {
  if (hasLongId(raw)) return "id_too_long";
  const badName = type === "track" ? findBadName(raw["event"]) : null;
  if (badName) return badName;
  const hasUser = idOf(raw["userId"]) !== null;
  const hasVisitor = idOf(raw["anonymousId"]) !== null;
  if (!hasUser && (!hasVisitor || type === "alias")) return "no_identity";
  if (type === "alias" && !hasVisitor && idOf(raw["previousId"]) === null) {
    return "missing_previous_id";
  }
  return type === "group" && idOf(raw["groupId"]) === null ? "missing_group_id" : null;
}

function findBadName(name: unknown): RejectCode | null {
  if (typeof name !== "string" || name.trim() === "") return "missing_event_name";
  return name.length > MAX_NAME_LENGTH ? "name_too_long" : null;
}

function hasLongId(raw: JsonObject): boolean {
  return (
    isTooLong(raw["userId"]) ||
    isTooLong(raw["anonymousId"]) ||
    isTooLong(raw["groupId"]) ||
    isTooLong(raw["previousId"])
  );
}

/** Nobody's id, as likely as not; the event would belong to somebody else without it. */
function isTooLong(id: unknown): boolean {
  return typeof id === "string" && id.length > MAX_ID_LENGTH && id.trim().length > MAX_ID_LENGTH;
}

/** An id as text: numbers are common, and `12` and `"12"` are the same person. */
function idOf(value: unknown): string | null {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  const text = textOf(value)?.trim();
  return text === undefined || text === "" || text.length > MAX_ID_LENGTH ? null : text;
}

/** RudderStack calls it `originalTimestamp` and uses `timestamp` for something else. */
function readOriginalTime(raw: JsonObject): number | null | "invalid_timestamp" {
  const given = raw["originalTimestamp"] ?? raw["timestamp"];
  if (given === undefined || given === null || given === "") return null;
  return parseTime(given) ?? "invalid_timestamp";
}

function readProperties(type: CallType, raw: JsonObject): JsonObject {
  const traits = objectOf(raw["traits"]);
  if (type === "identify") return { traits: { ...contextTraits(raw), ...traits } };
  if (type === "group") return { group_id: idOf(raw["groupId"]), traits };
  if (type === "alias") {
    return { previous_id: idOf(raw["previousId"]) ?? idOf(raw["anonymousId"]) };
  }
  const properties = objectOf(raw["properties"]);
  const named: JsonObject = {};
  for (const part of type === "track" ? [] : ["name", "category"]) {
    const value = textOf(raw[part]);
    if (value !== null && properties[part] === undefined) named[part] = value;
  }
  return Object.keys(named).length > 0 ? { ...named, ...properties } : properties;
}

/** RudderStack's browser client writes an identify call's traits here, and nowhere else. */
function contextTraits(raw: JsonObject): JsonObject {
  return objectOf(objectOf(raw["context"])["traits"]);
}

/** Events in which `properties.email` is the visitor's own; in others it may be a friend's. */
const EVENTS_WITH_OWN_EMAIL = new Set([
  "begin_checkout",
  "contact",
  "form_submit",
  "generate_lead",
  "login",
  "purchase",
  "schedule",
  "sign_up",
  "start_trial",
  "submit_application",
  "subscribe",
]);

function readEmail(type: CallType, name: string, raw: JsonObject): string | null {
  if (type === "group" || type === "alias") return null;
  if (type === "identify") {
    const email = emailOf(objectOf(raw["traits"])["email"]) ?? emailOf(raw["email"]);
    if (email) return email;
  }
  const properties = raw["properties"];
  const isOwn = type === "track" && EVENTS_WITH_OWN_EMAIL.has(name) && isObject(properties);
  const own = isOwn ? emailOf(properties["email"]) : null;
  return own ?? emailOf(contextTraits(raw)["email"]);
}

function emailOf(value: unknown): string | null {
  if (typeof value !== "string" || value.length > MAX_EMAIL_LENGTH) return null;
  const email = value.trim();
  return /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(email) ? email : null;
}
