import { isObject, type JsonObject } from "./json-object.ts";

/** Bytes of one event as JSON. */
export const MAX_EVENT_BYTES = 32 * 1024;
/** Bytes of a request after inflation: Segment's own limit of 500 kB drops whole batches for good. */
export const MAX_BATCH_BYTES = 4_000_000;
/** Events of one batch. */
export const MAX_BATCH_EVENTS = 1000;
/** Levels of arrays and objects of one event, the event itself included. */
export const MAX_DEPTH = 8;
/** Keys of `properties` or `traits`. */
export const MAX_PROPERTIES = 200;
/** Characters of an event name or a key. */
export const MAX_NAME_LENGTH = 128;

/**
 * Keys that would reach an object's prototype where somebody merges carelessly. Asking a Set for each key took an
 * eighth of the time that an event is judged in.
 */
function isForbidden(key: string): boolean {
  return key === "__proto__" || key === "constructor" || key === "prototype";
}

/** Why one event of a request was not taken. Part of the API. */
export type RejectCode =
  | "forbidden_key"
  | "id_too_long"
  | "invalid_event"
  | "invalid_timestamp"
  | "message_id_reused"
  | "missing_event_name"
  | "missing_group_id"
  | "missing_previous_id"
  | "missing_type"
  | "name_too_long"
  | "no_identity"
  | "number_too_large"
  | "too_deep"
  | "too_large_event"
  | "too_many_properties"
  | "unknown_type";

/**
 * Finds the first limit that an event breaks, or null.
 *
 * @param maySkipSize the whole request was smaller than one event may be: measuring is needless
 */
export function findBrokenLimit(event: unknown, maySkipSize: boolean): RejectCode | null {
  if (!isObject(event)) return "invalid_event";
  const walk: Walk = { mostBytes: 0 };
  const broken = findBadNesting(event, 1, walk);
  if (broken) return broken;
  for (const bag of [event["properties"], event["traits"]]) {
    if (isObject(bag) && Object.keys(bag).length > MAX_PROPERTIES) return "too_many_properties";
  }
  // Writing JSON only to measure it cost, with lists of keys and values, 9 of the door's 36 us an event; nearly all
  // events are far from the limit.
  if (maySkipSize || walk.mostBytes <= MAX_EVENT_BYTES) return null;
  return Buffer.byteLength(JSON.stringify(event)) > MAX_EVENT_BYTES ? "too_large_event" : null;
}

/** A character takes six bytes at most, as `\u0000`; a number, a literal or a pair of brackets fits 32. */
const BYTES_OF_CHARACTER = 6;
const BYTES_OF_VALUE = 32;

/** What is known of an event while all of it is looked at, once: two walks took twice as long. */
interface Walk {
  /** More bytes than the JSON of what was seen so far can have. */
  mostBytes: number;
}

/** Depth first, so that nothing recursive ever runs on what is nested too deep. */
function findBadNesting(value: object, depth: number, walk: Walk): RejectCode | null {
  if (depth > MAX_DEPTH) return "too_deep";
  walk.mostBytes += BYTES_OF_VALUE;
  return Array.isArray(value) ? findBadItem(value, depth, walk) : findBadMember(value, depth, walk);
}

function findBadItem(list: readonly unknown[], depth: number, walk: Walk): RejectCode | null {
  for (const item of list) {
    const broken = findBadValue(item, depth, walk);
    if (broken) return broken;
  }
  return null;
}

function findBadMember(object: object, depth: number, walk: Walk): RejectCode | null {
  const members: JsonObject = Object(object);
  for (const key in members) {
    if (isForbidden(key)) return "forbidden_key";
    if (key.length > MAX_NAME_LENGTH) return "name_too_long";
    walk.mostBytes += BYTES_OF_CHARACTER * key.length;
    const broken = findBadValue(members[key], depth, walk);
    if (broken) return broken;
  }
  return null;
}

function findBadValue(value: unknown, depth: number, walk: Walk): RejectCode | null {
  if (typeof value === "object" && value !== null) return findBadNesting(value, depth + 1, walk);
  walk.mostBytes += BYTES_OF_VALUE;
  if (typeof value === "string") walk.mostBytes += BYTES_OF_CHARACTER * value.length;
  // JSON knows `1e400`, JavaScript reads it as Infinity, and would write it as null.
  return typeof value === "number" && !Number.isFinite(value) ? "number_too_large" : null;
}
