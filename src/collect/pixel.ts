import type { Json } from "../lib/json.ts";
import { isObject, type JsonObject, textOf } from "./json-object.ts";

/** A transparent GIF of one pixel. */
export const PIXEL = Buffer.from(
  "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
  "base64",
);

/** Query keys that are a member of the event itself. */
const MEMBERS = [
  "anonymousId",
  "event",
  "messageId",
  "name",
  "category",
  "originalTimestamp",
  "sentAt",
  "timestamp",
  "userId",
];

/**
 * The event that a pixel's query describes.
 *
 * Either `data` (base64 of a whole event, as Segment's pixel has it), or its members one by one, with
 * `properties` and `context` as JSON or as `properties.plan=pro`. The page the image stands on is its
 * `Referer`.
 */
export function readPixel(query: JsonObject, referer: string | undefined): JsonObject {
  const event: JsonObject = { ...decodeData(query["data"]) };
  for (const name of MEMBERS) {
    const value = textOf(query[name]);
    if (value !== null) event[name] = value;
  }
  for (const bag of ["properties", "context"]) {
    const given = { ...objectFrom(parse(textOf(query[bag]))), ...dotted(query, `${bag}.`) };
    event[bag] = { ...objectFrom(event[bag]), ...given };
  }
  const context = objectFrom(event["context"]);
  if (referer !== undefined && context["page"] === undefined) {
    event["context"] = { ...context, page: { url: referer } };
  }
  return event;
}

function dotted(query: JsonObject, prefix: string): JsonObject {
  return Object.fromEntries(
    Object.entries(query)
      .filter(([key, value]) => key.startsWith(prefix) && typeof value === "string")
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}

function decodeData(data: unknown): JsonObject {
  const text = textOf(data);
  return text === null ? {} : objectFrom(parse(Buffer.from(text, "base64").toString("utf8")));
}

function objectFrom(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function parse(text: string | null): Json {
  if (text === null || text.length > MAX_QUERY_JSON) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Node refuses longer request heads anyway. */
const MAX_QUERY_JSON = 16_384;
