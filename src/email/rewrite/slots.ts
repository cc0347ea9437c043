import type { SkipReason } from "./eligibility.ts";
import { findMergeTags, type MergeTag } from "./merge-tags.ts";

/** A URL whose merge tags were taken out, so that it can be judged like any other. */
export interface SlottedUrl {
  /** Decoded, with a placeholder for every tag. */
  readonly url: string;
  /** The tags as they stand in the source: they travel on our URL, for the platform to fill. */
  readonly tags: readonly string[];
  /** Turns the placeholders of a judged destination into `{0}`, `{1}`, … */
  number(destination: string): string;
}

/** Letters that no URL normalisation changes and no URL holds by chance. */
const PLACEHOLDER = "ctslot7q";

/** The tags must stand behind the authority: before it they would choose the host. */
const BEHIND_HOST = /^\s*(https?:)?[\\/]{2}[^\\/?#\s]+[\\/?#]/i;

/**
 * Takes the merge tags out of a URL.
 *
 * @param raw    the value as it stands in the source
 * @param decode turns source into text: character references in HTML, nothing in plain text
 * @param mode   `skip` leaves every URL with a tag alone
 * @returns      the reason to leave it alone, a slotted URL, or undefined when it holds no tag
 */
export function takeMergeTags(
  raw: string,
  decode: (source: string) => string,
  mode: "skip" | "slots",
): SlottedUrl | { reason: SkipReason } | undefined {
  const { tags, unbalanced } = findMergeTags(raw);
  if (unbalanced) return { reason: "merge_unbalanced" };
  if (tags.length === 0) return hidesTags(raw, decode) ? { reason: "merge_tag" } : undefined;
  if (mode === "skip") return { reason: "merge_tag" };
  // Of `{% if a %}x{% else %}y{% endif %}` only the tags would travel, and every reader get `xy`.
  if (tags.some(({ start, end }) => CONTROL.test(raw.slice(start, end))))
    return { reason: "merge_tag" };

  const [first] = tags;
  if (tags.length === 1 && first && isWhole(raw, first)) return { reason: "merge_whole" };
  if (!BEHIND_HOST.test(decode(raw.slice(0, first?.start)))) {
    return { reason: /^\s*[a-z][a-z0-9+.-]*:/i.test(raw) ? hostReason(raw) : "merge_host" };
  }
  return slotted(raw, tags, decode);
}

/** Tags that choose or repeat what stands between them, in each family of syntaxes. */
const CONTROL =
  /^(\{%-?\s*(if|unless|else|elsif|elif|case|when|for|end\w*)\b|\{\{\{?[~-]?\s*([#/^]|else\b)|<%[-_]?\s*(if|unless|else|elsif|case|when|for|end)\b|<%[-_]?\s*\}|\*\|(IF|IFNOT|ELSE|ELSEIF|END|INTERESTED)\b|%%=?\[)/i;

function slotted(
  raw: string,
  tags: readonly MergeTag[],
  decode: (source: string) => string,
): SlottedUrl {
  const pieces: string[] = [];
  let at = 0;
  for (const tag of tags) {
    pieces.push(decode(raw.slice(at, tag.start)));
    at = tag.end;
  }
  pieces.push(decode(raw.slice(at)));
  const literal = pieces.map((piece) => piece.replaceAll(/\{(?=\d+\})/g, "%7B"));
  return {
    url: literal.join(PLACEHOLDER),
    tags: tags.map((tag) => raw.slice(tag.start, tag.end)),
    number(destination) {
      let next = 0;
      return destination.replaceAll(PLACEHOLDER, () => `{${next++}}`);
    },
  };
}

/** A tag behind `mailto:` is a matter of the scheme, not of the host. */
function hostReason(raw: string): SkipReason {
  return /^\s*https?:/i.test(raw) ? "merge_host" : "scheme";
}

function isWhole(raw: string, tag: MergeTag): boolean {
  return raw.slice(0, tag.start).trim() === "" && raw.slice(tag.end).trim() === "";
}

/** Tags written with character references: no platform fills them, but they are no URL either. */
function hidesTags(raw: string, decode: (source: string) => string): boolean {
  if (!raw.includes("&")) return false;
  const found = findMergeTags(decode(raw));
  return found.unbalanced || found.tags.length > 0;
}

const SLOT = /\{(\d{1,3})\}/g;
/** What may stand in a path segment or a query value without changing the URL's shape. */
const UNSAFE_CHARACTER = /%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!*'()+%]/gu;

/**
 * Puts the merge values of a click into a destination.
 *
 * Values are percent-encoded (an existing `%XX` and `+` stay as the platform wrote them), so they can
 * change neither scheme nor host nor add a path; one with a line end is left out.
 *
 * @param destination with `{0}`, `{1}`, …, none of them before the path
 * @param query       the raw query of the click, e.g. `m0=Ann&m1=42`, with or without `?`
 * @returns           ASCII; a slot without a value is empty
 */
export function fillSlots(destination: string, query: string): string {
  const values = slotValues(query);
  return destination.replaceAll(SLOT, (_slot, number: string) => values.get(Number(number)) ?? "");
}

function slotValues(query: string): ReadonlyMap<number, string> {
  const values = new Map<number, string>();
  for (const pair of query.replace(/^\?/, "").split("&")) {
    const [, number, value] = /^m(\d{1,3})=(.*)$/s.exec(pair) ?? [];
    if (number === undefined || value === undefined || values.has(Number(number))) continue;
    if (!/[\r\n]|%0[ad]/i.test(value)) values.set(Number(number), encodeValue(value));
  }
  return values;
}

function encodeValue(value: string): string {
  const encoded = value
    .toWellFormed()
    .replaceAll(UNSAFE_CHARACTER, (character) => encodeURIComponent(character));
  // A segment of dots would climb out of its folder.
  return /^\.{1,2}$/.test(encoded) ? "" : encoded;
}
