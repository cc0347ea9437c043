/** One attribute of a start tag; every offset counts from the start of the document. */
export interface Attribute {
  /** Lower case. */
  readonly name: string;
  readonly start: number;
  /** Of the value without its quotes; both are -1 when there is none. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** After the closing quote. */
  readonly end: number;
}

const TAB = 9;
const LINE_FEED = 10;
const FORM_FEED = 12;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const SLASH = 47;
const EQUALS = 61;
const GREATER = 62;

/** White space inside a tag. */
function isSpace(code: number): boolean {
  return (
    code === SPACE ||
    code === LINE_FEED ||
    code === CARRIAGE_RETURN ||
    code === TAB ||
    code === FORM_FEED
  );
}

/** Whether a tag name can begin with this character. */
export function isLetter(code: number): boolean {
  const lower = code | 32;
  return lower >= 97 && lower <= 122;
}

/** The offset after the last character of the tag name that begins at `from`. */
export function endOfTagName(html: string, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const code = html.charCodeAt(at);
    if (code === GREATER || code === SLASH || isSpace(code)) break;
    at += 1;
  }
  return at;
}

/**
 * Reads the attributes of a tag, as the HTML standard's tokenizer does.
 *
 * @param from  the end of the tag name
 * @param found gets every attribute, duplicates too; leave it out to only find the tag's end
 * @returns     the offset after the tag's `>`, or -1 when the tag is cut off before `to`
 * @see https://html.spec.whatwg.org/multipage/parsing.html#before-attribute-name-state
 */
export function readAttributes(
  html: string,
  from: number,
  to: number,
  found?: Attribute[],
): number {
  let at = from;
  for (;;) {
    at = skipSeparators(html, at, to);
    if (at >= to) return -1;
    if (html.charCodeAt(at) === GREATER) return at + 1;

    const start = at;
    const nameEnd = endOfName(html, at, to);
    const equals = skipSpace(html, nameEnd, to);
    if (equals >= to || html.charCodeAt(equals) !== EQUALS) {
      found?.push(attribute(html, start, nameEnd, -1, -1, nameEnd));
      at = nameEnd;
      continue;
    }
    const open = skipSpace(html, equals + 1, to);
    if (open >= to) return -1;
    const quote = html.charCodeAt(open);
    if (quote === DOUBLE_QUOTE || quote === SINGLE_QUOTE) {
      const close = html.indexOf(quote === DOUBLE_QUOTE ? '"' : "'", open + 1);
      if (close < 0 || close >= to) return -1;
      found?.push(attribute(html, start, nameEnd, open + 1, close, close + 1));
      at = close + 1;
    } else {
      at = endOfUnquoted(html, open, to);
      found?.push(attribute(html, start, nameEnd, open, at, at));
    }
  }
}

function attribute(
  html: string,
  start: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
  end: number,
): Attribute {
  return { name: html.slice(start, nameEnd).toLowerCase(), start, valueStart, valueEnd, end };
}

function skipSpace(html: string, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(html.charCodeAt(at))) at += 1;
  return at;
}

function skipSeparators(html: string, from: number, to: number): number {
  let at = from;
  while (at < to && (html.charCodeAt(at) === SLASH || isSpace(html.charCodeAt(at)))) at += 1;
  return at;
}

/** A leading `=` belongs to the name, by the standard. */
function endOfName(html: string, from: number, to: number): number {
  let at = from + 1;
  while (at < to) {
    const code = html.charCodeAt(at);
    if (code === EQUALS || code === GREATER || code === SLASH || isSpace(code)) break;
    at += 1;
  }
  return at;
}

function endOfUnquoted(html: string, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const code = html.charCodeAt(at);
    if (code === GREATER || isSpace(code)) break;
    at += 1;
  }
  return at;
}
