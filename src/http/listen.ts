import http, {
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { AppError, errorCode } from "../lib/errors.ts";
import type { Front } from "../lib/front.ts";
import { type Connections, followConnections } from "./connections.ts";
import { createFastLane, type FastLane } from "./fast-lane.ts";
import { toOriginForm } from "./origin-form.ts";
import { type ConnectionRefusal, refuseBadRequests, refuseTransferCoding } from "./refusals.ts";
import { sendReply } from "./reply.ts";

/** A socket that is slow with its headers holds a place that somebody else needs. */
const HEADERS_TIMEOUT_MS = 5000;
/** For a whole request, its body included. */
const REQUEST_TIMEOUT_MS = 15_000;
/** How often slow sockets are looked for; Node's own 30 s closed none of 3,000 in 9 s. */
const CHECK_MS = 1000;
/** Longer than a proxy's idle time, or it sends a request into a socket we just closed. */
const KEEP_ALIVE_MS = 65_000;
/** Nothing moves in either direction: a reader who went away without a word. */
const SILENCE_MS = 75_000;
/** The longest link part (8 KiB that will not pack) and a proxy's cookies beside it. */
const HEADER_BYTES = 32_768;

/** Connections that wait to be taken: with Node's 511 a third of 3,000 at once were turned away. */
const BACKLOG = 4096;

/** A stop goes on taking requests this long, if anybody is connected: each is told to come no more. */
const LINGER_MS = 1000;
const SWEEP_MS = 50;
/** After this, requests that are still under way are cut. */
const DRAIN_MS = 8000;

/** What answers requests: the front those that it knows, the app all others. */
export interface Answering {
  readonly front: Front;
  readonly app: RequestListener;
}

/** Answers one request that came through node:http. */
export function answer({ front, app }: Answering, req: IncomingMessage, res: ServerResponse): void {
  toOriginForm(req);
  if (!front(req, (reply) => sendReply(res, reply))) app(req, res);
}

interface ListenOptions {
  readonly port: number;
  readonly host: string;
  /** Connections at a time; one more is closed at once, unless an idle one can make way. */
  readonly maxConnections: number;
  /** Told of each connection that was closed without an ordinary answer. */
  onRefused(refusal: ConnectionRefusal): void;
}

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Connections open now. */
  connections(): number;
  /** Answers every request that was accepted, then takes no more and resolves. */
  stop(): Promise<void>;
}

/**
 * Serves HTTP, with limits that slow, endless and malformed requests run into.
 *
 * @throws {AppError} `cannot_start` when the port is taken or not allowed
 */
export async function listen(
  answering: Answering,
  { port, host, maxConnections, onRefused }: ListenOptions,
): Promise<Listening> {
  const server = http.createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADER_BYTES,
    // Also where the command line of Node asks for leniency: it lets requests be smuggled.
    insecureHTTPParser: false,
  });
  server.timeout = SILENCE_MS;
  server.maxConnections = maxConnections;
  const lane = openFastLane(server, answering.front, onRefused);
  const connections = followConnections(server);
  server.on("drop", () => {
    onRefused("too_many");
    server.closeIdleConnections();
    lane.closeIdle();
  });
  refuseBadRequests(server, connections, onRefused);
  server.on("request", (req, res) => {
    connections.answering(req, res);
    if (!refuseTransferCoding(req, res, onRefused)) answer(answering, req, res);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(cannotListen(error, host, port)));
    server.listen({ port, host, backlog: BACKLOG }, resolve);
  });
  return {
    port: portOf(server),
    connections: connections.count,
    stop: () => drain(server, connections, lane),
  };
}

/** Every connection begins on the fast lane, and goes on in node:http when it has to. */
function openFastLane(
  server: Server,
  front: Front,
  onRefused: ListenOptions["onRefused"],
): FastLane {
  const [accept] = server.listeners("connection");
  const lane = createFastLane({
    front,
    headerBytes: HEADER_BYTES,
    firstMs: HEADERS_TIMEOUT_MS,
    keepAliveMs: KEEP_ALIVE_MS,
    leave: (socket) => accept?.call(server, socket),
    onSilent: () => onRefused("too_slow"),
  });
  server.removeAllListeners("connection");
  server.on("connection", lane.take);
  return lane;
}

/**
 * First every connection is told to close with its next answer, while new ones are still taken: whoever
 * asks in time gets an answer. Then the door closes, and idle connections with it.
 */
async function drain(server: Server, connections: Connections, lane: FastLane): Promise<void> {
  lane.closeWhenAnswered();
  connections.closeWhenAnswered();
  const lingersUntil = performance.now() + LINGER_MS;
  do await sleep(SWEEP_MS);
  while (connections.count() > 0 && performance.now() < lingersUntil);
  // What has arrived by now is read first, or its connection would look unused.
  await nextTurn();
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  const closed = new Promise((resolve) => server.close(resolve));
  const closeUnused = (): void => {
    connections.closeUnused();
    lane.closeIdle();
  };
  closeUnused();
  // An answer that had begun before the stop leaves its connection open.
  const sweep = setInterval(() => setImmediate(closeUnused), SWEEP_MS);
  await closed;
  clearTimeout(cut);
  clearInterval(sweep);
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
