import { AppError } from "../../lib/errors.ts";

/**
 * The charset that a body is really in: a byte order mark of UTF-16 outranks its label.
 *
 * @param label of the WHATWG Encoding standard
 * @returns     the name that the other functions here take
 * @throws {AppError} `unsupported_charset` (415) for an unknown label
 */
export function findCharset(bytes: Buffer, label: string): string {
  return startsWithUtf16Bom(bytes) ?? charsetName(label);
}

/**
 * A body as text, such that `encodeBody` gives the same bytes again.
 *
 * @param charset from `findCharset`, or a label of the WHATWG Encoding standard, e.g. `iso-8859-1` (which it reads as
 *                windows-1252)
 * @throws {AppError} `unsupported_charset` (415) for an unknown label, or bytes that its charset does
 *                    not hold
 * @see https://encoding.spec.whatwg.org/#names-and-labels
 */
export function decodeBody(bytes: Buffer, charset: string): string {
  const name = charsetName(charset);
  if (name === "utf-8") return decodeUtf8(bytes);
  if (name === "utf-16le" || name === "utf-16be") return decodeUtf16(bytes, name);
  const bytewise = bytes.toString("latin1");
  return name === "iso-2022-jp" ? setKanjiApart(bytewise) : bytewise;
}

/** The bytes of a text that `decodeBody` made, with whatever ASCII was added to it. */
export function encodeBody(text: string, charset: string): Buffer {
  const name = charsetName(charset);
  if (name === "utf-8") return Buffer.from(text, "utf8");
  if (name === "utf-16le") return Buffer.from(text, "utf16le");
  if (name === "utf-16be") return Buffer.from(text, "utf16le").swap16();
  // The low byte of each character: kanji were set apart by 0xe000.
  return Buffer.from(text, "latin1");
}

/**
 * What a piece of `decodeBody`'s text says, or undefined where it already reads as it should.
 *
 * In every charset but UTF-8, UTF-16 and ISO-2022-JP the characters of markup and URLs are single
 * ASCII bytes, so those bodies are handled byte by byte, whatever their upper half means, and lose
 * nothing. The few pieces that a person wrote are read with this.
 */
export function createPieceReader(charset: string): ((piece: string) => string) | undefined {
  const name = charsetName(charset);
  if (name.startsWith("utf-")) return undefined;
  if (name === "windows-1252") return readWindows1252;
  const decoder = new TextDecoder(name);
  return (piece) => (ASCII_ONLY.test(piece) ? piece : decoder.decode(Buffer.from(piece, "latin1")));
}

const ASCII_ONLY = /^[\t\n\f\r -~]*$/;

/** What 0x80 to 0x9f stand for; the five without a meaning are controls. */
const WINDOWS_1252 =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
  "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

/** Node's own decoder reads windows-1252 as ISO 8859-1 (Node 20 and 22), where `”` is a control. */
function readWindows1252(piece: string): string {
  return Array.from(piece, (byte) => WINDOWS_1252[byte.charCodeAt(0) - 0x80] ?? byte).join("");
}

const ESCAPE = String.fromCharCode(0x1b);
/** ISO-2022-JP: behind `ESC $ …`, up to the next escape, every byte is half a kanji. */
const KANJI = /^\$([@B]|\(D)/;

/** Moves the bytes of kanji, which look like `<` and `"`, out of ASCII; `encodeBody` moves them back. */
function setKanjiApart(text: string): string {
  const [first = "", ...runs] = text.split(ESCAPE);
  return [first, ...runs.map(moveKanji)].join(ESCAPE);
}

function moveKanji(run: string): string {
  const [designator] = KANJI.exec(run) ?? [];
  if (designator === undefined) return run;
  const kanji = run.slice(designator.length);
  return (
    designator +
    kanji.replaceAll(/[!-~]/g, (byte) => String.fromCharCode(0xe000 + byte.charCodeAt(0)))
  );
}

function charsetName(label: string): string {
  try {
    return new TextDecoder(label.trim()).encoding;
  } catch (error) {
    throw new AppError("unsupported_charset", 415, `Unknown charset "${label.slice(0, 64)}".`, {
      hint: "Send the mail as UTF-8.",
      cause: error,
    });
  }
}

function startsWithUtf16Bom(bytes: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return undefined;
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new AppError("unsupported_charset", 415, "The body is not valid UTF-8.", {
      hint: "Name its charset: `Content-Type: text/html; charset=windows-1252`.",
      cause: error,
    });
  }
}

function decodeUtf16(bytes: Buffer, name: "utf-16le" | "utf-16be"): string {
  const text = new TextDecoder(name, { ignoreBOM: true }).decode(bytes);
  if (bytes.length % 2 === 0 && encodeBody(text, name).equals(bytes)) return text;
  throw new AppError("unsupported_charset", 415, `The body is not valid ${name}.`);
}
