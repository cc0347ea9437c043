import { comparableUrl } from "./destination.ts";
import { createLinkJudge } from "./judge-link.ts";
import { NO_UTM } from "./link-list.ts";
import { mergeTagEnd } from "./merge-tags.ts";
import {
  type Edit,
  type LeftAlone,
  type Plan,
  type PlanContext,
  type SkippedLink,
  slotQuery,
} from "./plan.ts";

const START = /https?:\/\//gi;
const LETTER_OR_DIGIT = /[a-z0-9]/i;
/** Never part of a URL in running text. */
const STOP = /[\s<>"]/;
const TRAILING = new Set([...".,;:!?'»”’*_~"]);
const OPENER: Readonly<Record<string, string>> = { ")": "(", "]": "[" };

/**
 * Plans the text part: every `http(s)://` URL in running text, without the punctuation around it.
 *
 * @param leftAlone what the HTML part keeps untracked stays so here
 */
export function planText(
  text: string,
  context: PlanContext,
  leftAlone: LeftAlone = new Map(),
): Plan {
  const { links, readPiece = AS_IT_IS } = context;
  const judgeLink = createLinkJudge({ ...context, base: undefined, decode: readPiece });
  const edits: Edit[] = [];
  const skipped: SkippedLink[] = [];

  function readHints(raw: string) {
    const said = leftAlone.size > 0 ? leftAlone.get(comparableUrl(readPiece(raw))) : undefined;
    return { optOut: said === "opt_out", unsubscribe: said === "unsubscribe" };
  }

  for (const { start, end } of findUrls(text, context.readPiece)) {
    const raw = text.slice(start, end);
    const judged = judgeLink(raw, readHints(raw), start);
    if ("reason" in judged) {
      skipped.push({ ...judged, offset: start });
      continue;
    }
    const { url, destination, tags } = judged;
    const hasSlots = tags.length > 0;
    const link = links.add({ ...NO_MARKUP, url, destination, hasSlots, offset: start }, "text");
    edits.push({ start, end, link, query: slotQuery(tags, "&") });
  }
  return { edits, skipped, leftAlone };
}

type PieceReader = (piece: string) => string;
const AS_IT_IS: PieceReader = (piece) => piece;

const NO_MARKUP = { name: null, text: "", utm: NO_UTM, utmOff: false } as const;

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The URLs of a text, in order.
 *
 * @param readPiece for a text that was not decoded by its charset; see `createPieceReader`
 */
export function findUrls(text: string, readPiece?: PieceReader): Span[] {
  const spans: Span[] = [];
  START.lastIndex = 0;
  for (let found = START.exec(text); found; found = START.exec(text)) {
    const start = found.index;
    // `xhttp://` is a scheme of its own; ideographs and their punctuation need no space before a URL.
    if (start > 0 && LETTER_OR_DIGIT.test(text.charAt(start - 1))) continue;
    const run = endOfRun(text, start + found[0].length);
    const end = withoutTrailing(text, start, run, readPiece);
    START.lastIndex = Math.max(run, START.lastIndex);
    spans.push({ start, end });
  }
  return spans;
}

/** To white space or an angle bracket; a merge tag may hold both. Ends at an unbalanced `)` or at `](`. */
function endOfRun(text: string, from: number): number {
  let at = from;
  let open = 0;
  let balanced = true;
  while (at < text.length) {
    const character = text.charAt(at);
    const tagEnd = balanced && /[{<*%[$#]/.test(character) ? mergeTagEnd(text, at) : undefined;
    if (tagEnd !== undefined && tagEnd > 0 && !text.slice(at, tagEnd).includes("\n")) {
      at = tagEnd;
      continue;
    }
    // One unclosed tag settles the verdict; looking for the end of each would cost a search apiece.
    if (tagEnd === -1) balanced = false;
    if (STOP.test(character)) break;
    // Markdown's `[https://x](https://y)`: the words of a link that are a URL themselves.
    if (character === "]" && text.charAt(at + 1) === "(") break;
    if (character === "(") open += 1;
    if (character === ")" && --open < 0) break;
    at += 1;
  }
  return at;
}

function withoutTrailing(
  text: string,
  start: number,
  run: number,
  readPiece: PieceReader | undefined,
): number {
  const counts = countBrackets(text.slice(start, run));
  let end = run;
  while (end > start) {
    const { character: last, length } = lastCharacter(text, end, readPiece);
    const opener = OPENER[last];
    if (opener !== undefined) {
      const surplus = (counts.get(last) ?? 0) > (counts.get(opener) ?? 0);
      if (!surplus || endsWithMergeTag(text, start, end)) break;
      counts.set(last, (counts.get(last) ?? 0) - 1);
    } else if (!TRAILING.has(last) || endsWithMergeTag(text, start, end)) break;
    end -= length;
  }
  return end;
}

/** In a text that was not decoded by its charset, `”` is one byte or two, and `_` may be half a kanji. */
function lastCharacter(text: string, end: number, readPiece: PieceReader | undefined) {
  const last = text.charAt(end - 1);
  if (!readPiece) return { character: last, length: 1 };
  const pair = readPiece(text.slice(end - 2, end));
  if (pair.length === 1) return { character: pair, length: 2 };
  return { character: readPiece(last), length: 1 };
}

function countBrackets(url: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [bracket] of url.matchAll(/[()[\]]/g)) {
    counts.set(bracket, (counts.get(bracket) ?? 0) + 1);
  }
  return counts;
}

/** `*|URL|*` ends in a star that is no punctuation. */
function endsWithMergeTag(text: string, start: number, end: number): boolean {
  return end - start >= 2 && text.slice(end - 2, end) === "|*";
}
