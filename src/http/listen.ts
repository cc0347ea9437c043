import http, { type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError, errorCode } from "../lib/errors.ts";

/** A socket that is slow with its headers holds a place that somebody else needs. */
const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 15_000;
/** How often slow sockets are looked for; Node's own 30 s closed none of 3,000 in 9 s. */
const CHECK_MS = 1000;
/** Longer than a proxy's idle time, or it sends a request into a socket we just closed. */
const KEEP_ALIVE_MS = 65_000;
/** After this, requests that are still under way are cut. */
const DRAIN_MS = 8000;

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Takes no more connections, and resolves when every accepted request is answered. */
  stop(): Promise<void>;
}

/**
 * Serves HTTP.
 *
 * @throws {AppError} `cannot_start` when the port is taken or not allowed
 */
export async function listen(
  listener: RequestListener,
  { port, host }: { port: number; host: string },
): Promise<Listening> {
  const server = http.createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    listener,
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  return { port: portOf(server), stop: () => drain(server) };
}

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    // Keep-alive sockets end with the answer they are waiting for; idle ones end now.
    server.prependListener("request", (_req, res) => void res.setHeader("Connection", "close"));
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.once("close", () => clearInterval(sweep));
  });
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function cannotListen(error: unknown, host: string, port: number): AppError {
  const code = errorCode(error);
  const because =
    code === "EADDRINUSE"
      ? `Port ${port} on ${host} is taken.`
      : `Cannot listen on ${host}:${port} (${code ?? "unknown reason"}).`;
  return new AppError("cannot_start", 500, because, {
    hint: "Choose another with --port or PORT, or stop what listens there.",
    cause: error,
  });
}
