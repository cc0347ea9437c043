import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Reply } from "../lib/front.ts";

/** Sends a reply through node:http. */
export function sendReply(res: ServerResponse, reply: Reply): void {
  const location = reply.location === "" ? [] : ["Location", reply.location];
  const length = ["Content-Length", String(Buffer.byteLength(reply.body))];
  res.writeHead(reply.status, [...location, ...length, ...reply.headers]).end(reply.body);
}

/** What follows the location, for each list of headers: there are five or so, each the same object at every reply. */
const endings = new WeakMap<readonly string[], Ending>();

/** The last one that was written; it holds for a second, as long as the bodies are of one length. */
interface Ending {
  readonly length: number;
  readonly trailer: string;
  readonly text: string;
}

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
    writeEnding(headers, Buffer.byteLength(body), trailer);
  if (method === "HEAD" || body.length === 0) return head;
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]);
}

/** No destination holds a line break; if one did, it must not end the header. */
function escapeControls(location: string): string {
  return location.replace(/[^!-~]/g, encodeURIComponent);
}

function writeEnding(headers: readonly string[], length: number, trailer: string): string {
  const known = endings.get(headers);
  if (known && known.length === length && known.trailer === trailer) return known.text;
  const lines = [`Content-Length: ${length}`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  const text = [...lines, trailer, "\r\n"].join("\r\n");
  endings.set(headers, { length, trailer, text });
  return text;
}

/**
 * Makes the writer of a reply's last header lines: `Date`, which changes once a second, and what becomes of the
 * connection.
 *
 * @param keepAliveMs how long a connection that stays open may be silent
 */
export function createTrailer(keepAliveMs: number): (closes: boolean) => string {
  const keeping = `Connection: keep-alive\r\nKeep-Alive: timeout=${keepAliveMs / 1000}`;
  let second = 0;
  let open = "";
  let closed = "";
  return (closes) => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      second = now;
      const date = `Date: ${new Date(now * 1000).toUTCString()}`;
      open = [date, keeping].join("\r\n");
      closed = [date, "Connection: close"].join("\r\n");
    }
    return closes ? closed : open;
  };
}
