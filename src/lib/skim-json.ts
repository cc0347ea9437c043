/**
 * Ways through JSON from byte to byte that make nothing of it, no text and no object. They follow the plain part of
 * the grammar: what nearly all senders write. Each takes the index where something begins and returns the one behind
 * it, or NOT_PLAIN for what is no JSON, or may be none: the caller then parses, which alone can tell.
 *
 * Plain are bytes in UTF-8 (not checked here) without escapes in keys, exponents, or more levels than the caller wants.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */

/** No index. */
export const NOT_PLAIN = -1;
/** Begins and ends a text. */
export const QUOTE = 34;

/** Passes the value at `at`, whose key begins at `key`, behind its quote. */
export type SkipMember<State> = (bytes: Buffer, key: number, at: number, state: State) => number;

/** Longer ones may not fit a number, and then are no plain ones. */
const MAX_NUMBER_LENGTH = 32;

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPENING_BRACKET = 91;
const BACKSLASH = 92;
const CLOSING_BRACKET = 93;
const OPENING_BRACE = 123;
const CLOSING_BRACE = 125;

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");

/** What ends a run of plain bytes in a text: quote, backslash, control characters. */
const ENDS_RUN = markBytes([QUOTE, BACKSLASH, ...Array(SPACE).keys()]);
const SIMPLE_ESCAPES = markBytes(Buffer.from('"\\/bfnrt'));
const HEX = markBytes(Buffer.from("0123456789abcdefABCDEF"));
const HEX_DIGITS = 4;
const LETTER_U = 117;

/** By byte, 1 for those that are marked: asking a Set takes ten times as long. */
function markBytes(marked: Iterable<number>): Uint8Array {
  const marks = new Uint8Array(256);
  for (const byte of marked) marks[byte] = 1;
  return marks;
}

/** Passes white space. */
export function skipSpace(bytes: Buffer, start: number): number {
  let at = start;
  while (isSpace(bytes[at])) at += 1;
  return at;
}

/** Whether an object begins here. */
export function isObjectAt(bytes: Buffer, at: number): boolean {
  return bytes[at] === OPENING_BRACE;
}

/** Whether an array begins here. */
export function isArrayAt(bytes: Buffer, at: number): boolean {
  return bytes[at] === OPENING_BRACKET;
}

/** Whether some bytes stand here. */
export function isAt(bytes: Buffer, at: number, wanted: Buffer): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false;
  }
  return true;
}

/**
 * Makes a lookup of some keys (or of texts without escapes) by the bytes behind their first quote. Most of what is
 * looked up is none of them, which the first byte tells.
 */
export function createKeyLookup<Value>(
  values: readonly (readonly [string, Value])[],
): (bytes: Buffer, key: number) => Value | undefined {
  const byFirstByte: [Buffer, Value][][] = Array.from({ length: 256 }, () => []);
  for (const [name, value] of values) {
    const key = Buffer.from(`${name}"`);
    byFirstByte[key[0] ?? 0]?.push([key, value]);
  }
  return (bytes, key) => {
    const candidates = byFirstByte[bytes[key] ?? 0] ?? [];
    for (let index = 0; index < candidates.length; index++) {
      const candidate = candidates[index];
      if (candidate && isAt(bytes, key, candidate[0])) return candidate[1];
    }
    return undefined;
  };
}

/** Passes an object, and hands each of its members to `skipMember`. */
export function skipObject<State>(
  bytes: Buffer,
  start: number,
  skipMember: SkipMember<State>,
  state: State,
): number {
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === CLOSING_BRACE) return at + 1;
  for (;;) {
    const key = at + 1;
    const value = skipKey(bytes, at);
    if (value === NOT_PLAIN) return NOT_PLAIN;
    at = skipMember(bytes, key, value, state);
    if (at === NOT_PLAIN) return NOT_PLAIN;
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSING_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return NOT_PLAIN;
    at = skipSpace(bytes, at + 1);
  }
}

/** Passes an array, and hands each of its items to `skipItem`. */
export function skipArray<State>(
  bytes: Buffer,
  start: number,
  skipItem: (bytes: Buffer, at: number, state: State) => number,
  state: State,
): number {
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === CLOSING_BRACKET) return at + 1;
  for (;;) {
    at = skipItem(bytes, at, state);
    if (at === NOT_PLAIN) return NOT_PLAIN;
    at = skipSpace(bytes, at);
    if (bytes[at] === CLOSING_BRACKET) return at + 1;
    if (bytes[at] !== COMMA) return NOT_PLAIN;
    at = skipSpace(bytes, at + 1);
  }
}

/** Passes a value that is no object and no array. */
export function skipScalar(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return skipString(bytes, at);
    case TRUE[0]:
      return skipWord(bytes, at, TRUE);
    case FALSE[0]:
      return skipWord(bytes, at, FALSE);
    case NULL[0]:
      return skipWord(bytes, at, NULL);
    default:
      return skipNumber(bytes, at);
  }
}

/** The index of the first byte from `start` on that is not plain in a string: its quote, unless it holds an escape. */
export function endOfRun(bytes: Buffer, start: number): number {
  let at = start;
  while (ENDS_RUN[bytes[at] ?? QUOTE] === 0) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB;
}

/** Passes a key, its colon, and the space around that. */
function skipKey(bytes: Buffer, start: number): number {
  if (bytes[start] !== QUOTE) return NOT_PLAIN;
  const end = endOfRun(bytes, start + 1);
  if (bytes[end] !== QUOTE) return NOT_PLAIN;
  const colon = skipSpace(bytes, end + 1);
  return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : NOT_PLAIN;
}

function skipString(bytes: Buffer, start: number): number {
  let at = endOfRun(bytes, start + 1);
  while (bytes[at] === BACKSLASH) {
    const end = skipEscape(bytes, at);
    if (end === NOT_PLAIN) return NOT_PLAIN;
    at = endOfRun(bytes, end);
  }
  return bytes[at] === QUOTE ? at + 1 : NOT_PLAIN;
}

function skipEscape(bytes: Buffer, start: number): number {
  const kind = bytes[start + 1] ?? 0;
  if (SIMPLE_ESCAPES[kind] === 1) return start + 2;
  if (kind !== LETTER_U) return NOT_PLAIN;
  const end = start + 2 + HEX_DIGITS;
  for (let at = start + 2; at < end; at++) if (HEX[bytes[at] ?? 0] === 0) return NOT_PLAIN;
  return end;
}

function skipWord(bytes: Buffer, at: number, word: Buffer): number {
  return isAt(bytes, at, word) ? at + word.length : NOT_PLAIN;
}

/** What follows an exponent is no number any more, and so stops whoever looks for a comma. */
function skipNumber(bytes: Buffer, start: number): number {
  const first = bytes[start] === MINUS ? start + 1 : start;
  let at = bytes[first] === ZERO ? first + 1 : skipDigits(bytes, first);
  if (at === first) return NOT_PLAIN;
  if (bytes[at] === DOT) {
    const fraction = at + 1;
    at = skipDigits(bytes, fraction);
    if (at === fraction) return NOT_PLAIN;
  }
  return at - start > MAX_NUMBER_LENGTH ? NOT_PLAIN : at;
}

function skipDigits(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at += 1;
  return at;
}

/** Whether a byte is a decimal digit. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
