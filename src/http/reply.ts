import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Reply } from "../lib/front.ts";

/** Sends a reply through node:http. */
export function sendReply(res: ServerResponse, reply: Reply): void {
  const location = reply.location === "" ? [] : ["Location", reply.location];
  const length = ["Content-Length", String(Buffer.byteLength(reply.body))];
  res.writeHead(reply.status, [...location, ...length, ...reply.headers]).end(reply.body);
}

/** Lists of headers as text: there are five or so, each the same object at every reply. */
const texts = new WeakMap<readonly string[], string>();

/**
 * Writes a reply as HTTP/1.1.
 *
 * @param method  of the request: HEAD gets no body
 * @param trailer header lines about the message and the connection, without the line break at their end
 * @returns       a string is in Latin-1
 */
export function formatReply(
  { status, location, headers, body }: Reply,
  method: string | undefined,
  trailer: string,
): string | Buffer {
  const head =
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n` +
    (location === "" ? "" : `Location: ${escapeControls(location)}\r\n`) +
    `Content-Length: ${Buffer.byteLength(body)}\r\n${textOf(headers)}${trailer}\r\n\r\n`;
  if (method === "HEAD" || body.length === 0) return head;
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]);
}

/** No destination holds a line break; if one did, it must not end the header. */
function escapeControls(location: string): string {
  return location.replace(/[^!-~]/g, encodeURIComponent);
}

function textOf(headers: readonly string[]): string {
  const known = texts.get(headers);
  if (known !== undefined) return known;
  let text = "";
  for (let at = 0; at < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  texts.set(headers, text);
  return text;
}

/** Makes the `Date` header line, which changes once a second. */
export function createDateHeader(): () => string {
  let second = 0;
  let line = "";
  return () => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      second = now;
      line = `Date: ${new Date(now * 1000).toUTCString()}`;
    }
    return line;
  };
}
