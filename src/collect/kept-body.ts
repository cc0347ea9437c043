import type { Caller } from "../lib/caller.ts";
import { isObject, textOf } from "./json-object.ts";
import { MAX_EVENT_BYTES } from "./limits.ts";

interface GivenBody {
  readonly bytes: Buffer;
  readonly events: number;
  /** The key in it, if there is one. */
  readonly writeKey: string | null;
  /** Whose key the request came with. */
  readonly kind: Caller["kind"];
}

/** The first of its three bytes, which begin no JSON. */
const BYTE_ORDER_MARK = 0xef;

/** Whether a body may be kept as it came: without a secret key, or much that belongs to no event, or a byte order mark. */
export function mayKeepBytes({ bytes, events, writeKey, kind }: GivenBody): boolean {
  const holdsSecret = writeKey !== null && kind === "secret";
  return !holdsSecret && bytes.length <= events * MAX_EVENT_BYTES && bytes[0] !== BYTE_ORDER_MARK;
}

interface JudgedBody {
  readonly items: readonly unknown[];
  /** Places of the items that are kept elsewhere. */
  readonly refused: readonly number[];
  /** The body itself, where it may be kept as it came. */
  readonly bytes: Buffer | undefined;
  readonly kind: Caller["kind"];
}

/**
 * Writes what is kept of a body: the body as it came, or a list of its items where it holds what may not be kept.
 * Full addresses never leave memory.
 *
 * @param storableIp what may be stored of an address
 * @returns          JSON in UTF-8
 */
export function writeBody(body: JudgedBody, storableIp: (ip: string) => string | null): Buffer {
  const { items, refused, bytes, kind } = body;
  if (bytes !== undefined && refused.length === 0 && !items.some(holdsAddress)) return bytes;
  const left = new Set(refused);
  const kept = items.map((item, index) =>
    left.has(index) ? null : withStorableIp(item, kind, storableIp),
  );
  return Buffer.from(JSON.stringify(kept));
}

function withStorableIp(
  item: unknown,
  kind: Caller["kind"],
  storableIp: (ip: string) => string | null,
): unknown {
  if (!isObject(item) || !holdsAddress(item)) return item;
  const context = item["context"];
  const ip = isObject(context) ? textOf(context["ip"]) : null;
  const storable = ip === null || kind === "site" ? null : storableIp(ip);
  return { ...item, context: { ...Object(context), ip: storable } };
}

function holdsAddress(item: unknown): boolean {
  if (!isObject(item)) return false;
  const context = item["context"];
  return isObject(context) && context["ip"] !== undefined;
}
