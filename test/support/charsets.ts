/** Writes a text in an old charset, which Node can only read. */
export interface CharsetEncoder {
  readonly label: string;
  /** The bytes, or undefined when the charset lacks a character. */
  encode(text: string): Buffer | undefined;
}

/** The bytes of every character, found by reading all one- and two-byte sequences. */
function tableOf(label: string, twoBytes: boolean): ReadonlyMap<string, Buffer> {
  const decoder = new TextDecoder(label);
  const table = new Map<string, Buffer>();
  const learn = (...bytes: number[]) => {
    const character = decoder.decode(Buffer.from(bytes));
    const isOne = [...character].length === 1 && character !== "\ufffd";
    if (isOne && !table.has(character)) table.set(character, Buffer.from(bytes));
  };
  for (let first = 0; first < 0x100; first += 1) learn(first);
  for (let first = 0x81; twoBytes && first < 0xff; first += 1) {
    for (let second = 0x30; second < 0xff; second += 1) learn(first, second);
  }
  return table;
}

/** Of a charset whose characters are one or two bytes. */
export function createEncoder(label: string, twoBytes = false): CharsetEncoder {
  const table = tableOf(label, twoBytes);
  return {
    label,
    encode(text) {
      const bytes = Array.from(text, (character) => table.get(character));
      return bytes.includes(undefined) ? undefined : Buffer.concat(bytes.map(orNothing));
    },
  };
}

/** UTF-8 and UTF-16, which hold everything. */
export function createUnicodeEncoder(label: "utf-8" | "utf-16le"): CharsetEncoder {
  const encoding = label === "utf-8" ? "utf8" : "utf16le";
  return { label, encode: (text) => Buffer.from(text, encoding) };
}

/** ISO-2022-JP: the two bytes of EUC-JP without their high bits, between escapes. */
export function createIso2022Jp(): CharsetEncoder {
  const table = tableOf("euc-jp", true);
  return {
    label: "iso-2022-jp",
    encode(text) {
      const runs = text.match(/[\0-\x7f]+|[^\0-\x7f]+/g) ?? [];
      const pieces = runs.map((run) => {
        if (run.charCodeAt(0) < 0x80) return Buffer.from(run, "latin1");
        const bytes = Array.from(run, (character) => table.get(character));
        if (bytes.some((pair) => pair?.length !== 2)) return undefined;
        const kanji = Buffer.concat(bytes.map(orNothing)).map((byte) => byte & 0x7f);
        return Buffer.concat([Buffer.from("\x1b$B"), kanji, Buffer.from("\x1b(B")]);
      });
      return pieces.includes(undefined) ? undefined : Buffer.concat(pieces.map(orNothing));
    },
  };
}

function orNothing(bytes: Buffer | undefined): Buffer {
  return bytes ?? Buffer.alloc(0);
}

/** Characters that a charset lacks as character references, as a mail program writes them. */
export function encodeHtml(encoder: CharsetEncoder, html: string): Buffer {
  return encodeWith(encoder, html, (character) => `&#${character.codePointAt(0)};`);
}

/** Characters that a charset lacks as question marks. */
export function encodeText(encoder: CharsetEncoder, text: string): Buffer {
  return encodeWith(encoder, text, () => "?");
}

function encodeWith(
  encoder: CharsetEncoder,
  text: string,
  replace: (character: string) => string,
): Buffer {
  const known = new Map<string, boolean>();
  const has = (character: string) => {
    const answer = known.get(character) ?? encoder.encode(character) !== undefined;
    known.set(character, answer);
    return answer;
  };
  const safe = Array.from(text, (one) => (has(one) ? one : replace(one))).join("");
  return orNothing(encoder.encode(safe));
}
