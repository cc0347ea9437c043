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
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Answers with another status, and broken connections. */
  readonly wrong: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const order: LoadOrder = JSON.parse(process.argv[2] ?? "{}");
const latencies: number[] = [];
let wrong = 0;
let stopped = false;

const wantedStatus = Buffer.from(`HTTP/1.1 ${order.status}`);
const HEADER_END = Buffer.from("\r\n\r\n");

function connect(index: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(order.port, "127.0.0.1");
    const nextRequest = createRequests(order.requests, index / order.connections);
    let sentAt = 0;
    function send(): void {
      if (stopped) {
        socket.destroy();
        resolve();
        return;
      }
      const request = nextRequest();
      sentAt = performance.now();
      socket.write(request);
    }
    socket.setNoDelay(true);
    socket.on("connect", send);
    // The answers fit one packet: the end of the headers is as good as their end.
    socket.on("data", (bytes) => {
      if (bytes.indexOf(HEADER_END) === -1) return;
      if (!bytes.subarray(0, wantedStatus.length).equals(wantedStatus)) wrong += 1;
      latencies.push(performance.now() - sentAt);
      send();
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
await Promise.all(Array.from({ length: order.connections }, (_, index) => connect(index)));
const seconds = (performance.now() - startedAt) / 1000;
const sorted = Float64Array.from(latencies).sort();
const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
const result: LoadResult = {
  requests: latencies.length,
  seconds,
  wrong,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
};
console.log(JSON.stringify(result));
