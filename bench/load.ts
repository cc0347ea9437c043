import net from "node:net";
import { createRequests, type RequestOrder } from "./requests.ts";

/**
 * A load generator over keep-alive HTTP/1.1 connections, one request in flight on each. Run as a process of
 * its own, so that it can be pinned to another core than the server: takes a JSON LoadOrder as argument and
 * prints a LoadResult.
 */
export interface LoadOrder {
  readonly port: number;
  readonly requests: RequestOrder;
  readonly connections: number;
  readonly seconds: number;
  /** Status that every answer must have. */
  readonly status: number;
  /** A new connection for each request. */
  readonly fresh?: boolean;
  /** Another that is right as well, and counted apart. */
  readonly refusal?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers with the status of a refusal; `requests` are the others. */
  readonly refused: number;
  /** Answers with another status, and broken connections. */
  readonly wrong: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const order: LoadOrder = JSON.parse(process.argv[2] ?? "{}");
const latencies: number[] = [];
let wrong = 0;
let refused = 0;
let stopped = false;

const wantedStatus = Buffer.from(`HTTP/1.1 ${order.status}`);
const refusalStatus = Buffer.from(`HTTP/1.1 ${order.refusal ?? "-"}`);
const HEADER_END = Buffer.from("\r\n\r\n");

/** Sends requests one after the other, until time is up. */
async function run(index: number): Promise<void> {
  const nextRequest = createRequests(order.requests, index / order.connections);
  do await connect(nextRequest);
  while (order.fresh && !stopped);
}

function connect(nextRequest: () => Buffer): Promise<void> {
  return new Promise((resolve) => {
    let sentAt = performance.now();
    const socket = net.connect(order.port, "127.0.0.1");
    function send(): void {
      if (stopped) {
        socket.destroy();
        resolve();
        return;
      }
      const request = nextRequest();
      if (!order.fresh) sentAt = performance.now();
      socket.write(request);
    }
    /** Without a farewell: 28,000 of them would use up the ports that are left. */
    function hangUp(): void {
      socket.resetAndDestroy();
      resolve();
    }
    socket.setNoDelay(true);
    socket.on("connect", send);
    // The answers fit one packet: the end of the headers is as good as their end.
    socket.on("data", (bytes) => {
      if (bytes.indexOf(HEADER_END) === -1) return;
      const status = bytes.subarray(0, wantedStatus.length);
      if (status.equals(refusalStatus)) refused += 1;
      else {
        if (!status.equals(wantedStatus)) wrong += 1;
        latencies.push(performance.now() - sentAt);
      }
      if (order.fresh) hangUp();
      else send();
    });
    socket.on("error", () => {
      if (!stopped) wrong += 1;
      resolve();
    });
  });
}

const startedAt = performance.now();
setTimeout(() => {
  stopped = true;
}, order.seconds * 1000);
await Promise.all(Array.from({ length: order.connections }, (_, index) => run(index)));
const seconds = (performance.now() - startedAt) / 1000;
const sorted = Float64Array.from(latencies).sort();
const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
const result: LoadResult = {
  requests: latencies.length,
  seconds,
  refused,
  wrong,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
};
console.log(JSON.stringify(result));
