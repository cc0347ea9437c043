import type { Socket } from "node:net";
import type { Front, Reply } from "../lib/front.ts";
import { createTrailer, formatReply } from "./reply.ts";
import { type PlainRequest, readPlainRequest } from "./request-head.ts";

interface FastLaneDeps {
  readonly front: Front;
  /** Bytes that the head of a request may have. */
  readonly headerBytes: number;
  /** How long a new connection may be silent, in milliseconds. */
  readonly firstMs: number;
  /** How long one that was answered may be, in milliseconds. */
  readonly keepAliveMs: number;
  /** Gives a connection to node:http, for good. */
  leave(socket: Socket): void;
  /** Told of a connection that never said anything and was closed. */
  onSilent(): void;
}

/** Connections whose requests so far were all plain ones for the front. */
export interface FastLane {
  /** Takes a new connection. */
  take(socket: Socket): void;
  /** From now on every answer says `Connection: close`, also to requests that came before. */
  closeWhenAnswered(): void;
  /** Closes the connections that were answered and have asked nothing since. */
  closeIdle(): void;
}

/**
 * Makes the lane on which redirects pass node:http by: reading requests and writing answers there costs half
 * as much again as all the rest of a redirect.
 *
 * The first thing on a connection that is not exactly one plain request for the front (a body, two requests
 * at once, half of one, another path, an odd header) takes the connection to node:http, where it stays:
 * only that judges what is unusual.
 */
export function createFastLane(deps: FastLaneDeps): FastLane {
  const lane: LaneState = {
    open: new Set(),
    isClosing: false,
    trailer: createTrailer(deps.keepAliveMs),
  };
  return {
    take: (socket) => followConnection(socket, deps, lane),
    closeWhenAnswered() {
      lane.isClosing = true;
    },
    closeIdle() {
      for (const closeIfIdle of lane.open) closeIfIdle();
    },
  };
}

/** What the connections of a lane share. */
interface LaneState {
  /** For each connection, what closes it if it was answered and has asked nothing since. */
  readonly open: Set<() => void>;
  isClosing: boolean;
  readonly trailer: (closes: boolean) => string;
}

function followConnection(socket: Socket, deps: FastLaneDeps, lane: LaneState): void {
  /** The request that was read last. */
  let request: PlainRequest | undefined;
  /** From then until its answer is on its way. */
  let isBusy = false;
  let wasAnswered = false;
  let hasEnded = false;
  /** What came meanwhile. */
  let waiting: Buffer | undefined;

  function onData(bytes: Buffer): void {
    if (isBusy) {
      waiting = waiting ? Buffer.concat([waiting, bytes]) : bytes;
      socket.pause();
      return;
    }
    isBusy = true;
    request = readPlainRequest(bytes, deps.headerBytes, socket);
    if (!request || !deps.front(request, send)) leave(bytes);
  }

  function send(reply: Reply): void {
    if (socket.destroyed) return;
    const closes = lane.isClosing || hasEnded || (request?.closes ?? false);
    const answer = formatReply(reply, request?.method, lane.trailer(closes));
    socket.write(answer, "latin1");
    if (closes) socket.end();
    // Somebody who asks and does not read must not fill the memory with answers.
    else if (socket.writableNeedDrain) socket.once("drain", goOn);
    else goOn();
  }

  function goOn(): void {
    if (!wasAnswered) socket.setTimeout(deps.keepAliveMs);
    wasAnswered = true;
    isBusy = false;
    if (waiting === undefined) return;
    const bytes = waiting;
    waiting = undefined;
    socket.resume();
    onData(bytes);
  }

  function leave(bytes: Buffer): void {
    lane.open.delete(closeIfIdle);
    socket.setTimeout(0);
    socket.off("data", onData).off("end", onEnd).off("error", onError);
    socket.off("timeout", onTimeout).off("close", onClose);
    socket.unshift(bytes);
    deps.leave(socket);
  }

  function onEnd(): void {
    hasEnded = true;
    if (!isBusy) socket.end();
  }

  function onError(): void {
    socket.destroy();
  }

  function onTimeout(): void {
    if (isBusy) return;
    if (!wasAnswered) deps.onSilent();
    socket.destroy();
  }

  function onClose(): void {
    lane.open.delete(closeIfIdle);
  }

  function closeIfIdle(): void {
    if (wasAnswered && !isBusy) socket.destroy();
  }

  socket.on("data", onData).on("end", onEnd).on("error", onError);
  socket.on("timeout", onTimeout).on("close", onClose);
  lane.open.add(closeIfIdle);
  socket.setTimeout(deps.firstMs);
}
