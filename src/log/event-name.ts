import { LRUCache } from "lru-cache";
import { STANDARD_EVENTS } from "./standard-events.ts";

/** What calls are kept under that carry no name of an event: there is nothing to declare about them. */
export const NAMES_OF_CALLS: ReadonlySet<string> = new Set([
  "screen_view",
  "identify",
  "group",
  "alias",
]);

const BY_ALIAS: ReadonlyMap<string, string> = new Map(
  [...STANDARD_EVENTS.values()].flatMap(({ name, aliases }) =>
    aliases.map((alias): [string, string] => [toSnakeCase(alias), name]),
  ),
);

/**
 * What an advertising platform calls an event, as its own tag spells it. Where two events have one name the first
 * that is listed here, or else the first standard one, has it.
 *
 * Pinterest's `checkout` is not among them: on most sites that word means the beginning of one, not a sale.
 */
const BY_NATIVE_NAME: ReadonlyMap<string, string> = new Map([
  ...[...STANDARD_EVENTS.values()]
    .reverse()
    .flatMap(({ name, native }) =>
      [native.ga4, native.meta, native.tiktok, native.pinterest].flatMap(
        (given): [string, string][] =>
          given === null || given === "checkout" ? [] : [[given, name]],
      ),
    ),
  ["Search", "search"],
  // TikTok's earlier name of Purchase.
  ["CompletePayment", "purchase"],
]);

/**
 * The name an event is kept under: a Segment alias or an advertising platform's own name becomes its
 * standard name ("Order Completed" is `purchase`, "ViewContent" is `view_item`), any other name snake_case ("Demo Requested" is `demo_requested`).
 *
 * Letters of every script are kept; a name without any letter or digit stays as it is. Idempotent.
 */
export function toEventName(given: string): string {
  const remembered = REMEMBERED.get(given);
  if (remembered !== undefined) return remembered;
  const name = findName(given);
  REMEMBERED.set(given, name);
  return name;
}

/** A site sends the same few dozen names over and over. */
const REMEMBERED = new LRUCache<string, string>({ max: 1000 });

function findName(given: string): string {
  const trimmed = given.trim();
  if (STANDARD_EVENTS.has(trimmed)) return trimmed;
  const native = BY_NATIVE_NAME.get(trimmed);
  if (native !== undefined) return native;
  const name = toSnakeCase(trimmed);
  return BY_ALIAS.get(name) ?? (name || trimmed);
}

const ALIASES = new Set([...STANDARD_EVENTS.values()].flatMap(({ aliases }) => aliases));

/** Whether a name is an alias in Segment's specification, in any case or spelling. */
export function isEventAlias(name: string): boolean {
  return ALIASES.has(name) || BY_ALIAS.has(toSnakeCase(name));
}

function toSnakeCase(name: string): string {
  return name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, (pair, before: string, capital: string) =>
      // Some capitals (mathematical ones) have no small letter: a second pass would split there.
      capital.toLowerCase() === capital ? pair : `${before}_${capital}`,
    )
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}$.:]+/gu, "_")
    .replace(/^_+|_+$/g, "");
}
