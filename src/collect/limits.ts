import { isObject } from "./json-object.ts";

/** Bytes of one event as JSON. */
export const MAX_EVENT_BYTES = 32 * 1024;
/** Bytes of a request after inflation: Segment's own limit of 500 kB drops whole batches for good. */
export const MAX_BATCH_BYTES = 4_000_000;
/** Events of one batch. */
export const MAX_BATCH_EVENTS = 1000;
/** Levels of arrays and objects of one event, the event itself included. */
const MAX_DEPTH = 8;
/** Keys of `properties` or `traits`. */
const MAX_PROPERTIES = 200;
/** Characters of an event name or a key. */
export const MAX_NAME_LENGTH = 128;

/** Keys that would reach an object's prototype where somebody merges carelessly. */
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** Why one event of a request was not taken. Part of the API. */
export type RejectCode =
  | "forbidden_key"
  | "invalid_event"
  | "invalid_timestamp"
  | "missing_event_name"
  | "missing_group_id"
  | "missing_previous_id"
  | "missing_type"
  | "name_too_long"
  | "no_identity"
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
  const broken = findBadNesting(event, 1);
  if (broken) return broken;
  for (const bag of [event["properties"], event["traits"]]) {
    if (isObject(bag) && Object.keys(bag).length > MAX_PROPERTIES) return "too_many_properties";
  }
  if (maySkipSize) return null;
  return Buffer.byteLength(JSON.stringify(event)) > MAX_EVENT_BYTES ? "too_large_event" : null;
}

/** Depth first, so that nothing recursive ever runs on what is nested too deep. */
function findBadNesting(value: object, depth: number): RejectCode | null {
  if (depth > MAX_DEPTH) return "too_deep";
  if (!isObject(value)) return findBadItem(Object.values(value), depth);
  for (const key of Object.keys(value)) {
    if (FORBIDDEN_KEYS.has(key)) return "forbidden_key";
    if (key.length > MAX_NAME_LENGTH) return "name_too_long";
  }
  return findBadItem(Object.values(value), depth);
}

function findBadItem(items: readonly unknown[], depth: number): RejectCode | null {
  for (const item of items) {
    if (typeof item !== "object" || item === null) continue;
    const broken = findBadNesting(item, depth + 1);
    if (broken) return broken;
  }
  return null;
}
