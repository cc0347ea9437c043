import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { errorCode } from "../lib/errors.ts";
import type { Connections } from "./connections.ts";

/** Why a connection was closed without an ordinary answer. */
export type ConnectionRefusal =
  | "headers_too_large"
  | "malformed"
  | "too_many"
  | "too_slow"
  | "transfer_coding";

type OnRefused = (refusal: ConnectionRefusal) => void;

const ANSWERS: Partial<Record<string, readonly [refusal: ConnectionRefusal, status: string]>> = {
  HPE_HEADER_OVERFLOW: ["headers_too_large", "431 Request Header Fields Too Large"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["headers_too_large", "413 Payload Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["too_slow", "408 Request Timeout"],
};

/**
 * Answers what is no proper request (smuggling forms, headers over the limit, too slow) and closes its
 * connection. A client that merely went away is not counted.
 */
export function refuseBadRequests(
  server: Server,
  connections: Connections,
  onRefused: OnRefused,
): void {
  server.on("clientError", (error, socket: Socket) => {
    const code = errorCode(error) ?? "";
    if (code === "ECONNRESET" || code === "EPIPE" || !socket.writable) {
      socket.destroy();
      return;
    }
    const [refusal, status] = ANSWERS[code] ?? ["malformed", "400 Bad Request"];
    onRefused(refusal);
    // In the middle of an answer another status line would be taken for its content.
    if (connections.openAnswer(socket)?.headersSent) socket.destroy();
    else
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
        socket.destroy(),
      );
  });
}

/**
 * Refuses a transfer coding other than `chunked` (RFC 9112, section 6.1): a proxy in front that reads it
 * otherwise would see another request in the same bytes.
 *
 * @returns true when the request was refused
 */
export function refuseTransferCoding(
  req: IncomingMessage,
  res: ServerResponse,
  onRefused: OnRefused,
): boolean {
  const coding = req.headers["transfer-encoding"];
  if (coding === undefined || coding.toLowerCase() === "chunked") return false;
  onRefused("transfer_coding");
  res.writeHead(501, { Connection: "close", "Content-Length": 0 }).end();
  // What follows in the same bytes is nobody's request.
  req.socket.destroySoon();
  return true;
}
