/** Writes one deflate block with fixed codes, symbol by symbol. */
export interface BlockWriter {
  addLiteral(byte: number): void;
  /** @param length 3 to 258 @param distance 1 to 32,768 */
  addMatch(length: number, distance: number): void;
  /** Ends the block; the writer begins the next one. */
  finish(): Buffer;
}

/** "The last block" (1 bit) and "fixed codes" (2 bits), lowest bit first. */
const BLOCK_HEADER = 0b011;
const BLOCK_HEADER_BITS = 3;
const END_OF_BLOCK = 256;
const DISTANCE_BITS = 5;

/**
 * Makes a writer. Short texts are always shortest with the fixed codes: a table of their own takes 60 bytes.
 *
 * @param most literals that a block holds at most
 * @see https://www.rfc-editor.org/rfc/rfc1951 sections 3.1.1, 3.2.5 and 3.2.6
 */
export function createBlockWriter(most: number): BlockWriter {
  // Nine bits a literal at most, the header and the end.
  const out = Buffer.alloc(most + Math.ceil(most / 8) + 4);
  let length = 0;
  let bits = BLOCK_HEADER;
  let bitCount = BLOCK_HEADER_BITS;

  function addBits(value: number, count: number): void {
    bits |= value << bitCount;
    bitCount += count;
    while (bitCount >= 8) {
      out[length++] = bits & 0xff;
      bits >>>= 8;
      bitCount -= 8;
    }
  }

  function addSymbol(symbol: number): void {
    addBits(SYMBOLS.codes[symbol] ?? 0, SYMBOLS.bits[symbol] ?? 0);
  }

  return {
    addLiteral: addSymbol,
    addMatch(matchLength, distance) {
      const long = LENGTHS.slots[matchLength] ?? 0;
      addSymbol(END_OF_BLOCK + 1 + long);
      addBits(matchLength - (LENGTHS.bases[long] ?? 0), LENGTHS.extraBits[long] ?? 0);
      const far = DISTANCES.slots[distance] ?? 0;
      addBits(reverse(far, DISTANCE_BITS), DISTANCE_BITS);
      addBits(distance - (DISTANCES.bases[far] ?? 0), DISTANCES.extraBits[far] ?? 0);
    },
    finish() {
      addSymbol(END_OF_BLOCK);
      if (bitCount > 0) out[length++] = bits & 0xff;
      const block = Buffer.from(out.subarray(0, length));
      length = 0;
      bits = BLOCK_HEADER;
      bitCount = BLOCK_HEADER_BITS;
      return block;
    },
  };
}

/** The fixed codes of literals and lengths, as they are written: highest bit of the code first. */
const SYMBOLS = createSymbols();

function createSymbols() {
  const codes = new Uint16Array(288);
  const bits = new Uint8Array(288);
  const add = (from: number, to: number, count: number, firstCode: number) => {
    for (let symbol = from; symbol <= to; symbol++) {
      codes[symbol] = reverse(firstCode + symbol - from, count);
      bits[symbol] = count;
    }
  };
  add(0, 143, 8, 0b00110000);
  add(144, 255, 9, 0b110010000);
  add(256, 279, 7, 0);
  add(280, 287, 8, 0b11000000);
  return { codes, bits };
}

function reverse(code: number, count: number): number {
  let reversed = 0;
  for (let bit = 0; bit < count; bit++) reversed |= ((code >> bit) & 1) << (count - 1 - bit);
  return reversed;
}

/** Ranges of numbers: each slot begins at its base and covers 2^extraBits of them. */
interface Slots {
  readonly bases: readonly number[];
  readonly extraBits: readonly number[];
  /** The slot of each number. */
  readonly slots: Uint8Array;
}

/** 3 to 258; the last slot is 258 alone. */
const LENGTHS = createSlots(3, 258, (slot) => (slot < 4 || slot === 28 ? 0 : (slot >> 2) - 1), 258);
const DISTANCES = createSlots(1, 32_768, (slot) => (slot < 2 ? 0 : (slot >> 1) - 1));

function createSlots(
  first: number,
  last: number,
  extraBitsOf: (slot: number) => number,
  alone?: number,
): Slots {
  const bases: number[] = [];
  const extraBits: number[] = [];
  const slots = new Uint8Array(last + 1);
  for (let base = first; base <= last; ) {
    const slot = bases.length;
    const extra = base === alone ? 0 : extraBitsOf(slot);
    const next = Math.min(
      base + 2 ** extra,
      alone !== undefined && base < alone ? alone : last + 1,
    );
    bases.push(base);
    extraBits.push(extra);
    slots.fill(slot, base, next);
    base = next;
  }
  return { bases, extraBits, slots };
}
