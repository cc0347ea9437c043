import { conditionalBody } from "./conditional-comments.ts";
import { createFinder, createPatternFinder, type Finder } from "./finder.ts";
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

/**
 * Finds every link of a mail in one linear pass, also inside Outlook's conditional comments.
 *
 * It reads tags, comments and raw text as the HTML standard's tokenizer does, and builds no tree: the
 * offsets are all that a splice needs.
 */
export function scanHtml(html: string): Scan {
  return createScanner(html).scan();
}

function createScanner(html: string) {
  const commentEnd = createFinder(html, "-->");
  const bangEnd = createFinder(html, "--!>");
  const rawTextEnds = new Map<string, Finder>();
  const sites: LinkSite[] = [];
  let base: Attribute | undefined;
  let bodyEnd = -1;
  let foreignDepth = 0;
  let open: LinkSite | undefined;

  function scan(): Scan {
    const complete = scanRange(0, html.length, false);
    closeLink(html.length);
    return { sites, base, bodyEnd, cut: !complete };
  }

  /** @returns whether the range ends in ordinary content */
  function scanRange(from: number, to: number, conditional: boolean): boolean {
    let at = from;
    for (;;) {
      const start = html.indexOf("<", at);
      if (start < 0 || start + 1 >= to) return true;
      const next = html.charCodeAt(start + 1);
      if (isLetter(next)) at = readStartTag(start, to, conditional);
      else if (next === SLASH) at = readEndTag(start, to);
      else if (next === BANG) at = readDeclaration(start, to, conditional);
      else if (next === QUESTION) at = after(">", start + 2, to);
      else at = start + 1;
      if (at < 0) return false;
    }
  }

  function readStartTag(start: number, to: number, conditional: boolean): number {
    const nameEnd = endOfTagName(html, start + 1, to);
    const name = html.slice(start + 1, nameEnd).toLowerCase();
    const carriesLink = name === "a" || name === "area" || name.startsWith("v:");
    if (carriesLink || name === "base") {
      const attributes: Attribute[] = [];
      const end = readAttributes(html, nameEnd, to, attributes);
      if (end < 0) return -1;
      const href = attributes.find((attribute) => attribute.name === "href");
      if (name === "base") base ??= href;
      else addSite({ tag: name, conditional, start, nameEnd, attributes, href }, end);
      return end;
    }
    const end = readAttributes(html, nameEnd, to);
    return end < 0 ? -1 : afterOpening(name, end, to);
  }

  function addSite(found: Omit<LinkSite, "contentStart" | "contentEnd">, end: number): void {
    // An inner v:fill or v:textbox has no link of its own and must not end the outer one's text.
    if (!found.href && found.tag.startsWith("v:")) return;
    closeLink(found.start);
    open = { ...found, contentStart: end, contentEnd: end };
    sites.push(open);
  }

  function closeLink(end: number): void {
    if (open) open.contentEnd = Math.max(open.contentStart, end);
    open = undefined;
  }

  function afterOpening(name: string, end: number, to: number): number {
    if (name === "plaintext") return -1;
    if (name === "svg" || name === "math") {
      if (html.charCodeAt(end - 2) !== SLASH) foreignDepth += 1;
      return end;
    }
    if (foreignDepth > 0) {
      if (!LEAVES_FOREIGN.has(name)) return end;
      foreignDepth = 0;
    }
    return RAW_TEXT.has(name) ? endOfRawText(name, end, to) : end;
  }

  function endOfRawText(name: string, from: number, to: number): number {
    let finder = rawTextEnds.get(name);
    if (!finder) {
      finder = createPatternFinder(html, new RegExp(`</${name}(?=[\\t\\n\\f\\r />])`, "gi"));
      rawTextEnds.set(name, finder);
    }
    const close = finder.next(from);
    return close < 0 || close >= to ? -1 : close;
  }

  function readEndTag(start: number, to: number): number {
    if (start + 2 >= to) return to;
    if (html.charCodeAt(start + 2) === GREATER) return start + 3;
    if (!isLetter(html.charCodeAt(start + 2))) return after(">", start + 2, to);
    const nameEnd = endOfTagName(html, start + 2, to);
    const name = html.slice(start + 2, nameEnd).toLowerCase();
    if (open && name === open.tag) closeLink(start);
    if (name === "body") bodyEnd = start;
    else if (name === "svg" || name === "math") foreignDepth = Math.max(0, foreignDepth - 1);
    return readAttributes(html, nameEnd, to);
  }

  function readDeclaration(start: number, to: number, conditional: boolean): number {
    if (html.startsWith("--", start + 2)) return readComment(start + 4, to, conditional);
    if (foreignDepth > 0 && html.startsWith("[CDATA[", start + 2))
      return after("]]>", start + 9, to);
    return after(">", start + 2, to);
  }

  function readComment(start: number, to: number, conditional: boolean): number {
    if (html.charCodeAt(start) === GREATER) return start + 1;
    if (html.startsWith("->", start)) return start + 2;
    const [end, length] = commentEndAt(start);
    if (end < 0 || end >= to) return -1;
    if (!conditional) scanConditional(start, end);
    return end + length;
  }

  /** `--!>` ends a comment too. */
  function commentEndAt(start: number): [at: number, length: number] {
    const plain = commentEnd.next(start);
    const bang = bangEnd.next(start);
    return bang >= 0 && (plain < 0 || bang < plain) ? [bang, 4] : [plain, 3];
  }

  function scanConditional(start: number, end: number): void {
    const body = conditionalBody(html, start, end);
    if (!body) return;
    const outer = open;
    open = undefined;
    scanRange(body.start, body.end, true);
    closeLink(end);
    open = outer;
  }

  function after(text: string, from: number, to: number): number {
    const found = html.indexOf(text, from);
    return found < 0 || found >= to ? -1 : found + text.length;
  }

  return { scan };
}
