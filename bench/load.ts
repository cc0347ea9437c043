import { readFileSync } from "node:fs";
import net from "node:net";

/**
 * A load generator over keep-alive HTTP/1.1 connections, one request in flight on each. Run as a process of
 * its own, so that it can be pinned to another core than the server: takes a JSON LoadOrder as argument and
 * prints a LoadResult.
 */
export interface LoadOrder {
  readonly port: number;
  /** File with one request path a line; every connection walks through them from another place. */
  readonly pathsFile: string;
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

const HEADERS = [
  "Host: 127.0.0.1",
  "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml",
  "Accept-Language: en-US,en;q=0.9",
].join("\r\n");

const order: LoadOrder = JSON.parse(process.argv[2] ?? "{}");
const requests = readFileSync(order.pathsFile, "utf8")
  .split("\n")
  .filter(Boolean)
  .map((path) => Buffer.from(`GET ${path} HTTP/1.1\r\n${HEADERS}\r\n\r\n`));
const latencies: number[] = [];
let wrong = 0;
let stopped = false;

const wantedStatus = Buffer.from(`HTTP/1.1 ${order.status}`);
const HEADER_END = Buffer.from("\r\n\r\n");

function connect(index: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(order.port, "127.0.0.1");
    let next = Math.floor((index * requests.length) / order.connections);
    let sentAt = 0;
    function send(): void {
      if (stopped) {
        socket.destroy();
        resolve();
        return;
      }
      next = next + 1 < requests.length ? next + 1 : 0;
      sentAt = performance.now();
      socket.write(requests[next] ?? HEADER_END);
    }
    socket.setNoDelay(true);
    socket.on("connect", send);
    // The answers have no body and fit one packet: their end is the end of the headers.
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
