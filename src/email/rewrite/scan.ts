import { conditionalBody } from "./conditional-comments.ts";
import { createEndTagFinder, createFinder, type Finder } from "./finder.ts";
import { type Attribute, endOfTagName, isLetter, readAttributes } from "./html-tags.ts";

/** A place in the mail that may carry a link: `a`, `area` or any `v:*` with its attributes. */
export interface LinkSite {
  /** Lower case. */
  readonly tag: string;
  /** Inside an Outlook conditional comment. */
  readonly conditional: boolean;
  /** Offset of the `<`, and after the tag name. */
  readonly start: number;
  readonly nameEnd: number;
  readonly attributes: readonly Attribute[];
  /** The first one of that name, which is the effective one. */
  readonly href: Attribute | undefined;
  /** What the element surrounds, up to the next link at most; both change while scanning. */
  contentStart: number;
  contentEnd: number;
}

/** What one pass over a mail finds. */
export interface Scan {
  readonly sites: readonly LinkSite[];
  /** The href of the first `<base>` that has one. */
  readonly base: Attribute | undefined;
  /** Offset of the last `</body`, or -1. */
  readonly bodyEnd: number;
  /** The document ends inside a tag, a comment or raw text: nothing can be appended to it. */
  readonly cut: boolean;
}

const RAW_TEXT = new Set([
  "script",
  "style",
  "textarea",
  "title",
  "xmp",
  "iframe",
  "noembed",
  "noframes",
]);

/** Start tags that end foreign content, where `<style>` and `<title>` are no raw text. */
const LEAVES_FOREIGN = new Set(
  (
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li " +
    "listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var"
  ).split(" "),
);

const BANG = 33;
const SLASH = 47;
const GREATER = 62;
const QUESTION = 63;

/** What a scan knows so far. */
interface Progress {
  readonly html: string;
  readonly commentEnd: Finder;
  readonly bangEnd: Finder;
  readonly rawTextEnds: Map<string, Finder>;
  readonly sites: LinkSite[];
  base: Attribute | undefined;
  bodyEnd: number;
  /** Nested `svg` and `math`. */
  foreignDepth: number;
  /** The link whose content is being read. */
  open: LinkSite | undefined;
}

/**
 * Finds every link of a mail in one linear pass, also inside Outlook's conditional comments.
 *
 * It reads tags, comments and raw text as the HTML standard's tokenizer does, and builds no tree: the
 * offsets are all that a splice needs.
 */
export function scanHtml(html: string): Scan {
  const progress: Progress = {
    html,
    commentEnd: createFinder(html, "-->"),
    bangEnd: createFinder(html, "--!>"),
    rawTextEnds: new Map(),
    sites: [],
    base: undefined,
    bodyEnd: -1,
    foreignDepth: 0,
    open: undefined,
  };
  const complete = scanRange(progress, 0, html.length, false);
  closeLink(progress, html.length);
  const { sites, base, bodyEnd } = progress;
  return { sites, base, bodyEnd, cut: !complete };
}

/** @returns whether the range ends in ordinary content */
function scanRange(scan: Progress, from: number, to: number, conditional: boolean): boolean {
  const { html } = scan;
  let at = from;
  for (;;) {
    const start = html.indexOf("<", at);
    if (start < 0 || start + 1 >= to) return true;
    const next = html.charCodeAt(start + 1);
    if (isLetter(next)) at = readStartTag(scan, start, to, conditional);
    else if (next === SLASH) at = readEndTag(scan, start, to, conditional);
    else if (next === BANG) at = readDeclaration(scan, start, to, conditional);
    else if (next === QUESTION) at = after(html, ">", start + 2, to);
    else at = start + 1;
    if (at < 0) return false;
  }
}

function readStartTag(scan: Progress, start: number, to: number, conditional: boolean): number {
  const { html } = scan;
  const nameEnd = endOfTagName(html, start + 1, to);
  const name = readName(scan, start + 1, nameEnd);
  const carriesLink = name === "a" || name === "area" || name.startsWith("v:");
  if (!carriesLink && name !== "base") {
    const end = readAttributes(html, nameEnd, to);
    return end < 0 ? -1 : afterOpening(scan, name, end, to);
  }
  const attributes: Attribute[] = [];
  const end = readAttributes(html, nameEnd, to, attributes);
  if (end < 0) return -1;
  const href = attributes.find((attribute) => attribute.name === "href");
  if (name === "base") {
    scan.base ??= href;
  } else {
    const content = { contentStart: end, contentEnd: end };
    addSite(scan, { tag: name, conditional, start, nameEnd, attributes, href, ...content });
  }
  return end;
}

/**
 * Lengths of the names that mean something to a scan, as bits, by their first letter. Most tags are
 * told from those by two numbers, without making a string.
 */
const KNOWN_LENGTHS = new Uint32Array(128);
for (const name of ["a", "area", "base", "body", "svg", "math", "plaintext", ...RAW_TEXT]) {
  KNOWN_LENGTHS[name.charCodeAt(0)] = (KNOWN_LENGTHS[name.charCodeAt(0)] ?? 0) | (1 << name.length);
}
const LETTER_V = 118;

/** The name in lower case, or the empty string for one that means nothing here. */
function readName({ html, foreignDepth }: Progress, start: number, end: number): string {
  const first = html.charCodeAt(start) | 32;
  const mayMatter =
    first === LETTER_V ||
    foreignDepth > 0 ||
    ((KNOWN_LENGTHS[first] ?? 0) & (1 << Math.min(end - start, 31))) !== 0;
  return mayMatter ? html.slice(start, end).toLowerCase() : "";
}

function addSite(scan: Progress, site: LinkSite): void {
  // An inner v:fill or v:textbox has no link of its own and must not end the outer one's text.
  if (!site.href && site.tag.startsWith("v:")) return;
  closeLink(scan, site.start);
  scan.open = site;
  scan.sites.push(site);
}

function closeLink(scan: Progress, end: number): void {
  if (scan.open) scan.open.contentEnd = Math.max(scan.open.contentStart, end);
  scan.open = undefined;
}

function afterOpening(scan: Progress, name: string, end: number, to: number): number {
  if (name === "plaintext") return -1;
  if (name === "svg" || name === "math") {
    if (scan.html.charCodeAt(end - 2) !== SLASH) scan.foreignDepth += 1;
    return end;
  }
  if (scan.foreignDepth > 0) {
    if (!LEAVES_FOREIGN.has(name)) return end;
    scan.foreignDepth = 0;
  }
  return RAW_TEXT.has(name) ? endOfRawText(scan, name, end, to) : end;
}

function endOfRawText(scan: Progress, name: string, from: number, to: number): number {
  let finder = scan.rawTextEnds.get(name);
  if (!finder) {
    finder = createEndTagFinder(scan.html, name);
    scan.rawTextEnds.set(name, finder);
  }
  const close = finder.next(from);
  return close < 0 || close >= to ? -1 : close;
}

function readEndTag(scan: Progress, start: number, to: number, conditional: boolean): number {
  const { html } = scan;
  if (start + 2 >= to) return -1;
  if (html.charCodeAt(start + 2) === GREATER) return start + 3;
  if (!isLetter(html.charCodeAt(start + 2))) return after(html, ">", start + 2, to);
  const nameEnd = endOfTagName(html, start + 2, to);
  const name = readName(scan, start + 2, nameEnd);
  if (name === scan.open?.tag) closeLink(scan, start);
  if (name === "body") {
    if (!conditional) scan.bodyEnd = start;
  } else if (name === "svg" || name === "math") {
    scan.foreignDepth = Math.max(0, scan.foreignDepth - 1);
  }
  return readAttributes(html, nameEnd, to);
}

function readDeclaration(scan: Progress, start: number, to: number, conditional: boolean): number {
  const { html } = scan;
  if (html.startsWith("--", start + 2)) return readComment(scan, start + 4, to, conditional);
  const isCdata = scan.foreignDepth > 0 && html.startsWith("[CDATA[", start + 2);
  return isCdata ? after(html, "]]>", start + 9, to) : after(html, ">", start + 2, to);
}

function readComment(scan: Progress, start: number, to: number, conditional: boolean): number {
  const { html } = scan;
  if (html.charCodeAt(start) === GREATER) return start + 1;
  if (html.startsWith("->", start)) return start + 2;
  const [end, length] = commentEndAt(scan, start);
  // Outlook nests conditions; to the standard the outer comment's end is the inner one's too.
  if (end < 0 || end >= to)
    return conditional ? (conditionalBody(html, start, to)?.start ?? -1) : -1;
  if (!conditional) scanConditional(scan, start, end);
  return end + length;
}

/** `--!>` ends a comment too. */
function commentEndAt(
  { commentEnd, bangEnd }: Progress,
  start: number,
): [at: number, length: number] {
  const plain = commentEnd.next(start);
  const bang = bangEnd.next(start);
  return bang >= 0 && (plain < 0 || bang < plain) ? [bang, 4] : [plain, 3];
}

function scanConditional(scan: Progress, start: number, end: number): void {
  const body = conditionalBody(scan.html, start, end);
  if (!body) return;
  const outer = scan.open;
  scan.open = undefined;
  scanRange(scan, body.start, body.end, true);
  closeLink(scan, end);
  scan.open = outer;
}

function after(html: string, text: string, from: number, to: number): number {
  const found = html.indexOf(text, from);
  return found < 0 || found >= to ? -1 : found + text.length;
}
