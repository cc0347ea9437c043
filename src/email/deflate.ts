import { inflateRawSync } from "node:zlib";
import { createBlockWriter } from "./deflate-block.ts";

/** Packs short texts against one dictionary. */
export interface Packer {
  /**
   * Packs a text as a raw deflate stream, which any inflater that is given the dictionary reads. The same text
   * always gives the same bytes.
   *
   * @param text characters up to U+00FF, at most 16,000
   */
  pack(text: string): Buffer;
  /** @throws {Error} on bytes that are no deflate stream, or that hold more than `maxLength` characters */
  unpack(bytes: Buffer, maxLength: number): Buffer;
}

const MIN_MATCH = 3;
const MAX_MATCH = 258;
/** Earlier places with the same three characters that are looked at. */
const MAX_TRIES = 48;
const HASH_SIZE = 4096;
const MAX_TEXT = 16_000;
const NONE = -1;

/**
 * Makes a packer of short texts.
 *
 * In JavaScript, because zlib sets up a window, hash tables and the dictionary for every text: 16 us, where this
 * takes 3 for a URL. The dictionary is indexed once; what a text adds to the index is taken out behind it.
 *
 * @param dictionary at most 16 kB of likely pieces, the likeliest last
 * @see https://www.rfc-editor.org/rfc/rfc1951 section 4 (the method is zlib's: hash chains and lazy matching)
 */
export function createPacker(dictionary: Buffer): Packer {
  const start = dictionary.length;
  const window = Buffer.concat([dictionary, Buffer.alloc(MAX_TEXT)]);
  /** The latest place of each hash, and of each place the one before it. */
  const latest = new Int32Array(HASH_SIZE).fill(NONE);
  const earlier = new Int32Array(window.length);
  const block = createBlockWriter(MAX_TEXT);
  rememberAll(0, start, start);

  function remember(at: number): void {
    const hash = hashAt(window, at);
    earlier[at] = latest[hash] ?? NONE;
    latest[hash] = at;
  }

  function rememberAll(from: number, to: number, end: number): void {
    const last = Math.min(to, end - MIN_MATCH + 1);
    for (let at = from; at < last; at++) remember(at);
  }

  /** Backwards, so that every hash gets back the place it had. */
  function forget(end: number): void {
    for (let at = end - MIN_MATCH; at >= start; at--) {
      latest[hashAt(window, at)] = earlier[at] ?? NONE;
    }
  }

  /** The longest earlier occurrence of what begins at `at`, the nearest of equals, into `match`. */
  function findMatch(at: number, end: number, match: Match): void {
    match.length = MIN_MATCH - 1;
    if (at + MIN_MATCH > end) return;
    const most = Math.min(MAX_MATCH, end - at);
    let place = latest[hashAt(window, at)] ?? NONE;
    for (let tries = 0; place !== NONE && tries < MAX_TRIES; tries++) {
      // One look tells most places from longer ones.
      const mayBeLonger = window[place + match.length] === window[at + match.length];
      const length = mayBeLonger ? commonLength(window, place, at, most) : 0;
      if (length > match.length) {
        match.length = length;
        match.distance = at - place;
      }
      if (match.length === most) return;
      place = earlier[place] ?? NONE;
    }
  }

  function packWindow(end: number): void {
    let here: Match = { length: 0, distance: 0 };
    let next: Match = { length: 0, distance: 0 };
    let at = start;
    findMatch(at, end, here);
    while (at < end) {
      rememberAll(at, at + 1, end);
      findMatch(at + 1, end, next);
      // A longer one that begins a character later is worth a literal.
      if (here.length < MIN_MATCH || next.length > here.length) {
        block.addLiteral(window[at] ?? 0);
        [here, next] = [next, here];
        at += 1;
      } else {
        block.addMatch(here.length, here.distance);
        rememberAll(at + 1, at + here.length, end);
        at += here.length;
        findMatch(at, end, here);
      }
    }
  }

  return {
    pack(text) {
      if (text.length > MAX_TEXT)
        throw new RangeError(`A text has at most ${MAX_TEXT} characters.`);
      const end = start + window.write(text, start, "latin1");
      packWindow(end);
      forget(end);
      return block.finish();
    },
    unpack: (bytes, maxLength) => inflateRawSync(bytes, { dictionary, maxOutputLength: maxLength }),
  };
}

/** Made once and filled again: two of them a character would be garbage. */
interface Match {
  /** Below 3: none. */
  length: number;
  distance: number;
}

function hashAt(bytes: Uint8Array, at: number): number {
  const three = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  return (Math.imul(three, 0x9e3779b1) >>> 20) & (HASH_SIZE - 1);
}

function commonLength(bytes: Uint8Array, a: number, b: number, most: number): number {
  let length = 0;
  while (length < most && bytes[a + length] === bytes[b + length]) length += 1;
  return length;
}
