import { isUtf8 } from "node:buffer";
import { AppError } from "../../lib/errors.ts";
import { createPieceReader, decodeBody, encodeBody, findCharset } from "./bytes.ts";
import {
  decodeTransfer,
  encodeTransfer,
  parseTransferEncoding,
  type TransferEncoding,
} from "./transfer-encoding.ts";

/** A text part of a message: where its body lies in the message's bytes, and how it is written. */
export interface MimePart {
  readonly type: "text/html" | "text/plain" | "text/x-amp-html";
  readonly charset: string | undefined;
  readonly encoding: TransferEncoding;
  readonly start: number;
  readonly end: number;
}

/** A message, as far as a rewrite needs it. */
export interface MimeMessage {
  readonly parts: readonly MimePart[];
  readonly isSigned: boolean;
  readonly lineEnd: "\r\n" | "\n";
  /** URLs of the `List-Unsubscribe` header: their links stay as they are. */
  readonly unsubscribeUrls: readonly string[];
}

interface Header {
  readonly name: string;
  /** Unfolded. */
  readonly value: string;
}

const DEEPEST_NESTING = 20;
const SIGNATURES = new Set(["dkim-signature", "arc-message-signature", "x-google-dkim-signature"]);

/**
 * Finds the bodies that a rewrite may change, without building anything: every other byte of the
 * message is copied.
 *
 * Attachments, even of HTML, and messages inside the message are left alone.
 *
 * @throws {AppError} `invalid_mime` (422) when it has no header or is nested too deep
 * @see https://www.rfc-editor.org/rfc/rfc2045 and rfc2046
 */
export function readMime(message: Buffer): MimeMessage {
  // One character a byte, so that offsets in the text are offsets in the bytes.
  const text = message.toString("latin1");
  const parts: MimePart[] = [];
  const headers = walkEntity(text, 0, text.length, 0, parts);
  if (headers.length === 0) {
    throw new AppError("invalid_mime", 422, "The message has no header.", {
      hint: "Send the whole message, from its first header line, as message/rfc822.",
    });
  }
  return {
    parts,
    isSigned: headers.some(({ name }) => SIGNATURES.has(name)) || isSignedBody(headers),
    lineEnd: text.includes("\r\n") ? "\r\n" : "\n",
    unsubscribeUrls: readUnsubscribeUrls(headers),
  };
}

/** The text of a part's body, and a reader for what its charset did not decode. */
export function readPart(message: Buffer, part: MimePart) {
  const body = decodeTransfer(message.subarray(part.start, part.end), part.encoding);
  const charset = charsetOf(part, body);
  return { source: decodeBody(body, charset), readPiece: createPieceReader(charset), charset };
}

/** What the bytes really are: a wrong or missing UTF-8 label must not cost a byte. */
function charsetOf({ charset = "utf-8" }: MimePart, body: Buffer): string {
  const name = findCharset(body, charset);
  const isAscii = /^(us-)?ascii$/i.test(charset.trim());
  return name === "utf-8" || isAscii ? (isUtf8(body) ? "utf-8" : "windows-1252") : name;
}

/** The message with the bodies of some parts replaced; `texts` follows `parts`. */
export function replaceParts(
  message: Buffer,
  { parts, lineEnd }: MimeMessage,
  texts: readonly (string | undefined)[],
): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  parts.forEach((part, number) => {
    const before = message.subarray(part.start, part.end);
    pieces.push(message.subarray(at, part.start), writePart(before, part, texts[number], lineEnd));
    at = part.end;
  });
  return Buffer.concat([...pieces, message.subarray(at)]);
}

function writePart(
  before: Buffer,
  part: MimePart,
  text: string | undefined,
  lineEnd: string,
): Buffer {
  if (text === undefined) return before;
  const old = decodeTransfer(before, part.encoding);
  const body = encodeBody(text, charsetOf(part, old));
  // Encoding again may wrap lines elsewhere: a body without a new link keeps its bytes.
  if (body.equals(old)) return before;
  return encodeTransfer(body, part.encoding, lineEnd);
}

function walkEntity(
  text: string,
  start: number,
  end: number,
  depth: number,
  parts: MimePart[],
): Header[] {
  if (depth > DEEPEST_NESTING) {
    throw new AppError("invalid_mime", 422, "The message is nested too deep.");
  }
  const { headers, bodyStart } = readHeaders(text, start, end);
  const content = parseParameters(headerValue(headers, "content-type") ?? "text/plain");
  if (content.value.startsWith("multipart/") && content.value !== "multipart/signed") {
    const boundary = content.parameters.get("boundary");
    if (boundary) {
      for (const [from, to] of splitMultipart(text, bodyStart, end, boundary)) {
        walkEntity(text, from, to, depth + 1, parts);
      }
    }
    return headers;
  }
  const type = TEXT_TYPES.find((name) => name === content.value);
  if (type && !isAttachment(headers)) {
    parts.push({
      type,
      charset: content.parameters.get("charset"),
      encoding: parseTransferEncoding(headerValue(headers, "content-transfer-encoding")),
      start: bodyStart,
      end,
    });
  }
  return headers;
}

const TEXT_TYPES = ["text/html", "text/plain", "text/x-amp-html"] as const;

function isAttachment(headers: readonly Header[]): boolean {
  return /^\s*attachment\b/i.test(headerValue(headers, "content-disposition") ?? "");
}

/** S/MIME and PGP signatures cover the body as DKIM's does. */
function isSignedBody(headers: readonly Header[]): boolean {
  return /^\s*(multipart\/signed|application\/(x-)?pkcs7-mime)\b/i.test(
    headerValue(headers, "content-type") ?? "",
  );
}

function readUnsubscribeUrls(headers: readonly Header[]): string[] {
  const value = headerValue(headers, "list-unsubscribe") ?? "";
  return [...value.matchAll(/<([^<>]*)>/g)].flatMap(([, url]) => (url ? [url] : []));
}

function readHeaders(text: string, start: number, end: number) {
  const headers: Header[] = [];
  let at = start;
  while (at < end) {
    const lineFeed = text.indexOf("\n", at);
    const next = lineFeed < 0 || lineFeed >= end ? end : lineFeed + 1;
    const line = text.slice(at, next).replace(/\r?\n$/, "");
    at = next;
    if (line === "") return { headers, bodyStart: at };
    addHeaderLine(headers, line);
  }
  return { headers, bodyStart: end };
}

function addHeaderLine(headers: Header[], line: string): void {
  const last = headers.at(-1);
  if (/^[ \t]/.test(line) && last) {
    headers[headers.length - 1] = { name: last.name, value: `${last.value} ${line.trim()}` };
    return;
  }
  const colon = line.indexOf(":");
  if (colon <= 0 || /\s/.test(line.slice(0, colon).trimEnd())) return;
  headers.push({
    name: line.slice(0, colon).trim().toLowerCase(),
    value: line.slice(colon + 1).trim(),
  });
}

function headerValue(headers: readonly Header[], name: string): string | undefined {
  return headers.find((header) => header.name === name)?.value;
}

/** Longer ones are no honest header. */
const LONGEST_PARAMETERS = 2000;
/** An unterminated quote takes the rest, so that no header is read twice. */
const PARAMETER = /\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|\\?$)|([^\s;"]+))/sy;

/** `text/html; charset="utf-8"`; comments in parentheses are dropped. */
function parseParameters(given: string) {
  const header = given.slice(0, LONGEST_PARAMETERS).replaceAll(/\([^()]*\)/g, "");
  const [value = ""] = header.split(";", 1);
  const parameters = new Map<string, string>();
  for (let at = header.indexOf(";"); at >= 0; ) {
    PARAMETER.lastIndex = at + 1;
    const [, name, quoted, plain] = PARAMETER.exec(header) ?? [];
    if (name !== undefined) {
      parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "");
    }
    at = header.indexOf(";", Math.max(PARAMETER.lastIndex, at + 1));
  }
  return { value: value.trim().toLowerCase(), parameters };
}

/** The spans of a multipart's entities; the line end before a delimiter belongs to the delimiter. */
function splitMultipart(
  text: string,
  start: number,
  end: number,
  boundary: string,
): [start: number, end: number][] {
  const spans: [number, number][] = [];
  const delimiter = `--${boundary}`;
  let entityStart: number | undefined;
  for (let at = findDelimiter(text, delimiter, start, end); at >= 0; ) {
    if (entityStart !== undefined) spans.push([entityStart, beforeLineEnd(text, entityStart, at)]);
    const behind = at + delimiter.length;
    if (text.startsWith("--", behind)) return spans;
    const lineFeed = text.indexOf("\n", behind);
    if (lineFeed < 0 || lineFeed >= end) return spans;
    entityStart = lineFeed + 1;
    at = findDelimiter(text, delimiter, entityStart, end);
  }
  // A cut message ends without its closing delimiter.
  if (entityStart !== undefined) spans.push([entityStart, end]);
  return spans;
}

function findDelimiter(text: string, delimiter: string, from: number, end: number): number {
  for (let at = text.indexOf(delimiter, from); at >= 0 && at < end; ) {
    const startsLine = at === 0 || text[at - 1] === "\n";
    if (
      startsLine &&
      /^(--)?[ \t]*\r?(\n|$)/.test(text.slice(at + delimiter.length, at + delimiter.length + 80))
    ) {
      return at;
    }
    at = text.indexOf(delimiter, at + 1);
  }
  return -1;
}

function beforeLineEnd(text: string, start: number, at: number): number {
  if (at - 2 >= start && text[at - 2] === "\r") return at - 2;
  return at - 1 >= start ? at - 1 : at;
}
