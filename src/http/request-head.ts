import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { RequestHead } from "../lib/front.ts";
import { createRecentCache } from "../lib/recent-cache.ts";

/** A request of nothing but a head: GET or HEAD, HTTP/1.1, each header once. Its headers may be those of another, too. */
export interface PlainRequest extends RequestHead {
  /** Whether the client asked for the connection to be closed. */
  readonly closes: boolean;
}

// Each class of characters ends where the next piece begins, so these take linear time.
const FIRST_LINE = /^(?:GET|HEAD) \/[!-~]* HTTP\/1\.1\r\n$/;
const HEADER_LINES = /^(?:[!#$%&'*+\-.^_`|~\w]+:[\t -~\x80-\xff]*\r\n)+\r\n$/;

/** With any of these, a request is more than its head, or means something to the connection itself. */
const NOT_PLAIN = new Set([
  "content-length",
  "transfer-encoding",
  "trailer",
  "te",
  "expect",
  "upgrade",
  "proxy-connection",
]);

const SPACE = " ".charCodeAt(0);
const TAB = "\t".charCodeAt(0);

/**
 * Reads a piece of a connection as one plain request; undefined when it is anything else, more than one or
 * less than one. It takes only what can be read in one way, and is no judge of the rest.
 *
 * @param bytes what came in one piece
 * @param most  bytes that a head may have
 */
export function readPlainRequest(
  bytes: Buffer,
  most: number,
  socket: Socket,
): PlainRequest | undefined {
  if (bytes.length > most) return undefined;
  const text = bytes.toString("latin1");
  const linesAt = text.indexOf("\r\n") + 2;
  if (!FIRST_LINE.test(text.slice(0, linesAt))) return undefined;
  const lines = recallLines(text.slice(linesAt));
  if (!lines) return undefined;
  const urlAt = text.indexOf(" ") + 1;
  return {
    method: text.startsWith("G") ? "GET" : "HEAD",
    url: text.slice(urlAt, text.indexOf(" ", urlAt)),
    headers: lines.headers,
    socket,
    closes: lines.closes,
  };
}

/** What the header lines of a plain request say. */
type Lines = Pick<PlainRequest, "headers" | "closes">;

/** Header lines that are remembered, and how long they may be: a few thousand must not fill the memory. */
const REMEMBERED = 2000;
const MOST_REMEMBERED = 2000;

/** Readers of one browser say the same line for line, as long as they bring no cookies. */
const recent = createRecentCache<Lines>(REMEMBERED);

function recallLines(text: string): Lines | undefined {
  const known = recent.get(text);
  if (known) return known;
  const lines = HEADER_LINES.test(text) ? readLines(text) : undefined;
  if (lines && text.length <= MOST_REMEMBERED) recent.set(text, lines);
  return lines;
}

function readLines(text: string): Lines | undefined {
  const headers = readHeaders(text);
  if (headers?.host === undefined) return undefined;
  const connection = headers.connection?.toLowerCase() ?? "keep-alive";
  if (connection !== "keep-alive" && connection !== "close") return undefined;
  return { headers, closes: connection === "close" };
}

/** Undefined when a header comes twice or says that this is no plain request. */
function readHeaders(text: string): IncomingHttpHeaders | undefined {
  const headers: IncomingHttpHeaders = {};
  let at = 0;
  while (at < text.length - 2) {
    const end = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    const name = text.slice(at, colon).toLowerCase();
    if (headers[name] !== undefined || NOT_PLAIN.has(name)) return undefined;
    headers[name] = trimmed(text, colon + 1, end);
    at = end + 2;
  }
  return headers;
}

/** Without the spaces and tabs around it; `trim` would take away more than HTTP does. */
function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
