import { createLinkJudge } from "./judge-link.ts";
import { mergeTagEnd } from "./merge-tags.ts";
import { type Edit, type Plan, type PlanContext, type SkippedLink, slotQuery } from "./plan.ts";

const START = /https?:\/\//gi;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
/** Never part of a URL in running text. */
const STOP = /[\s<>"]/;
const TRAILING = new Set([...".,;:!?'»”’*_~"]);
const OPENER: Readonly<Record<string, string>> = { ")": "(", "]": "[" };

/**
 * Plans the text part: every `http(s)://` URL in running text, without the punctuation around it.
 *
 * @param optedOutUrls URLs that the HTML part keeps untracked; they stay so here
 */
export function planText(
  text: string,
  context: PlanContext,
  optedOutUrls: ReadonlySet<string> = new Set(),
): Plan {
  const { links, readPiece = (piece: string) => piece } = context;
  const judgeLink = createLinkJudge({ ...context, base: undefined, decode: readPiece });
  const edits: Edit[] = [];
  const skipped: SkippedLink[] = [];

  for (const { start, end } of findUrls(text)) {
    const raw = text.slice(start, end);
    const hints = { optOut: optedOutUrls.has(readPiece(raw)), unsubscribe: false };
    const judged = judgeLink(raw, hints, start);
    if ("reason" in judged) {
      skipped.push({ ...judged, offset: start });
      continue;
    }
    const { url, destination, tags } = judged;
    const hasSlots = tags.length > 0;
    const link = links.add({ ...NO_MARKUP, url, destination, hasSlots, offset: start }, "text");
    edits.push({ start, end, link, query: slotQuery(tags, "&") });
  }
  return { edits, skipped, optedOutUrls };
}

const NO_MARKUP = { name: null, text: "", utm: {}, utmOff: false } as const;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The URLs of a text, in order. */
export function findUrls(text: string): Span[] {
  const spans: Span[] = [];
  START.lastIndex = 0;
  for (let found = START.exec(text); found; found = START.exec(text)) {
    const start = found.index;
    // `xhttp://` is a scheme of its own.
    if (start > 0 && LETTER_OR_DIGIT.test(text.charAt(start - 1))) continue;
    const run = endOfRun(text, start + found[0].length);
    const end = withoutTrailing(text, start, run);
    START.lastIndex = Math.max(run, START.lastIndex);
    spans.push({ start, end });
  }
  return spans;
}

/** To white space or an angle bracket; a merge tag may hold both. Ends at an unbalanced `)`. */
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
    if (character === "(") open += 1;
    if (character === ")" && --open < 0) break;
    at += 1;
  }
  return at;
}

function withoutTrailing(text: string, start: number, run: number): number {
  const counts = countBrackets(text.slice(start, run));
  let end = run;
  while (end > start) {
    const last = text.charAt(end - 1);
    const opener = OPENER[last];
    if (opener !== undefined) {
      const surplus = (counts.get(last) ?? 0) > (counts.get(opener) ?? 0);
      if (!surplus || endsWithMergeTag(text, start, end)) break;
      counts.set(last, (counts.get(last) ?? 0) - 1);
    } else if (!TRAILING.has(last) || endsWithMergeTag(text, start, end)) break;
    end -= 1;
  }
  return end;
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
