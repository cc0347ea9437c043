import { randomInt, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

/** What a load generator sends: each path of a file in turn, or batches of events that are all new. */
export type RequestOrder =
  | { readonly pathsFile: string }
  | { readonly batch: number; readonly writeKey: string };

const BROWSER =
  "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
/** One by one: on a site nobody sends hundreds a minute, and no address has thousands of visitors. */
const EVENTS_OF_A_VISITOR = 20;
const LANGUAGES = Array.from({ length: 20 }, (_, index) => `x${String.fromCharCode(97 + index)}`);

/**
 * Makes the requests of one connection.
 *
 * @param share of the way through the paths at which it begins, so that connections differ
 */
export function createRequests(order: RequestOrder, share: number): () => Buffer {
  if ("batch" in order) return createBatches(order.batch, order.writeKey);
  const requests = pathRequests(order.pathsFile);
  let next = Math.floor(share * requests.length);
  return () => {
    next = next + 1 < requests.length ? next + 1 : 0;
    return requests[next] ?? Buffer.alloc(0);
  };
}

const read = new Map<string, Buffer[]>();

function pathRequests(file: string): Buffer[] {
  const known = read.get(file);
  if (known) return known;
  const requests = readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((path, index) => Buffer.from(`GET ${path} HTTP/1.1\r\n${describeReader(index)}\r\n\r\n`));
  read.set(file, requests);
  return requests;
}

/** The headers of one of a thousand kinds of readers: versions, systems and languages differ. */
function describeReader(index: number): string {
  const version = 90 + (index % 50);
  const language = LANGUAGES[Math.floor(index / 50) % LANGUAGES.length];
  return [
    "Host: 127.0.0.1",
    "Connection: keep-alive",
    BROWSER.replace("126.0.0.0", `${version}.0.0.0`),
    "Accept: text/html,application/xhtml+xml",
    `Accept-Language: ${language},en;q=0.9`,
  ].join("\r\n");
}

/**
 * Page views and events as Segment's browser client sends them, some 900 bytes each, twenty of a visitor, each
 * request from an address of its own, as a proxy tells it.
 */
function createBatches(size: number, writeKey: string): () => Buffer {
  const run = randomUUID().slice(0, 8);
  const basic = Buffer.from(`${writeKey}:`).toString("base64");
  const head = `POST /v1/batch HTTP/1.1\r\nHost: 127.0.0.1\r\n${BROWSER}\r\nOrigin: https://shop.example\r\nAuthorization: Basic ${basic}\r\nContent-Type: text/plain\r\n`;
  const timestamp = new Date().toISOString();
  let address = randomInt(2 ** 24);
  let sent = 0;
  return () => {
    const events: string[] = [];
    for (let n = 0; n < size; n++, sent++) {
      const visitor = Math.floor(sent / EVENTS_OF_A_VISITOR);
      events.push(describeEvent(run, sent, visitor, timestamp));
    }
    const body = `{"batch":[${events.join(",")}],"sentAt":"${timestamp}"}`;
    const from = `X-Forwarded-For: ${describeAddress(address++)}\r\n`;
    return Buffer.from(`${head}${from}Content-Length: ${body.length}\r\n\r\n${body}`);
  };
}

/** Of 10.0.0.0/8. */
function describeAddress(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}

/** ASCII only: its length is its size. */
function describeEvent(run: string, sent: number, visitor: number, timestamp: string): string {
  return `{"type":"track","event":"Product Viewed","messageId":"ajs-next-1795522389592-${run}-${sent}","anonymousId":"${run}-30d4-4b43-9d0c-${String(visitor).padStart(12, "0")}","timestamp":"${timestamp}","properties":{"product_id":"sku-${visitor}","name":"Trail running shoe","category":"Shoes","price":89.9,"currency":"EUR","quantity":1,"position":${visitor % 20}},"context":{"page":{"path":"/shoes/trail","referrer":"https://www.example.com/","search":"?color=red","title":"Trail running shoe - Shop","url":"https://shop.example/shoes/trail?color=red"},"userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","locale":"en-US","timezone":"Europe/Berlin","library":{"name":"analytics.js","version":"next-1.84.3"}},"integrations":{}}`;
}
