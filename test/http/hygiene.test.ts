import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendRaw } from "../support/raw-http.ts";
import {
  API_KEY,
  createClickPath,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
} from "../support/service.ts";

const SLOW_SOCKETS = fileURLToPath(new URL("../support/slow-sockets.mjs", import.meta.url));
const DESTINATION = "https://shop.test/shoes";

let service: RunningService;
let clickPath: string;

beforeAll(async () => {
  service = await startService();
  clickPath = await createClickPath(service, DESTINATION);
});

afterAll(() => disposeService(service));

const click = (headers: Record<string, string> = {}) =>
  fetch(service.url + clickPath, { redirect: "manual", headers });

const collect = (body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(`${service.url}/v1/batch`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${WRITE_KEY}:`)}`, ...headers },
    body,
  });

async function refusals(reason: string, of = service): Promise<number> {
  const metrics = await (await fetch(`${of.url}/metrics`)).text();
  const line = `clicktrail_refused_connections_total{reason="${reason}"} `;
  return Number(metrics.split(line)[1]?.split("\n")[0] ?? 0);
}

/** Clicks one after the other as long as told to; 99 of 100 took at most so many milliseconds. */
async function clickWhile(goesOn: () => boolean): Promise<number> {
  const times: number[] = [];
  while (goesOn()) {
    const startedAt = performance.now();
    expect((await click()).status).toBe(302);
    times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}

// Again if it fails, and against a quiet moment: other tests may hold the cores for half a second.
describe("good traffic beside bad", { retry: 2 }, () => {
  it("is redirected in under 100 ms while 3,000 sockets are slow and bombs arrive", async () => {
    const refusedBefore = await refusals("too_slow");
    let quiet = 500;
    const quietP99 = await clickWhile(() => quiet-- > 0);
    const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20));
    const deep = `{"batch":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const attack = fork(SLOW_SOCKETS, [new URL(service.url).port, "3000"]);
    let isOver = false;
    attack.on("message", (message) => {
      isOver = message === "all closed";
    });
    const bombs = (async () => {
      while (!isOver) {
        expect((await collect(bomb, { "content-encoding": "gzip" })).status).toBe(413);
        expect((await collect(deep)).status).toBe(400);
      }
    })();
    const p99 = await clickWhile(() => !isOver);
    await bombs;
    attack.kill();
    expect(p99).toBeLessThan(Math.max(100, 3 * quietP99));
    expect((await refusals("too_slow")) - refusedBefore).toBe(3000);
  }, 60_000);
});

describe("bodies", () => {
  const zeros = Buffer.alloc(50_000_000);

  it.each([
    ["gzip", gzipSync(zeros)],
    ["deflate", deflateSync(zeros)],
    ["br", brotliCompressSync(zeros)],
  ])("that inflate beyond the limit are refused: %s", async (encoding, bomb) => {
    expect((await collect(bomb, { "content-encoding": encoding })).status).toBe(413);
    // The same without its header, as some clients send it.
    expect((await collect(bomb)).status).toBe(413);
  });

  it("packed twice over are refused too", async () => {
    const twice = gzipSync(gzipSync(zeros));
    expect((await collect(twice, { "content-encoding": "gzip" })).status).toBe(413);
    const answer = await collect(twice, { "content-encoding": "gzip, gzip" });
    expect(answer.status).toBe(413);
  });

  it("that say themselves that they are too large are refused before they are read", async () => {
    const head = [
      "POST /v1/rewrite?campaign=spring HTTP/1.1",
      "Host: a",
      `Authorization: Bearer ${API_KEY}`,
      "Content-Type: text/html",
      "Content-Length: 64000000",
      "Connection: close",
    ];
    const answer = await sendRaw(service.url, `${head.join("\r\n")}\r\n\r\n<p>`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"body_too_large"');
  });

  it("nested 100,000 deep are refused with their reason", async () => {
    const deep = `{"event":"x","userId":"1","properties":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`;
    const answer = await fetch(`${service.url}/v1/track`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${WRITE_KEY}:`)}` },
      body: deep,
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "too_deep" });
  });

  it("that never end are cut", async () => {
    const head = `POST /v1/track HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ${btoa(`${WRITE_KEY}:`)}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect(await sendRaw(service.url, `${head}1\r\na\r\n`)).toMatch(/^HTTP\/1\.1 408 /);
  }, 30_000);
});

describe("requests that could be read in two ways", () => {
  const attack = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

  it.each([
    ["both lengths", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nG"],
    ["two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "abcdef"],
    ["a space before the colon", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n"],
    ["a bare line feed", "X-A: b\nContent-Length: 5\r\n", "abcde"],
    ["a folded header", "X-A: b\r\n c\r\nContent-Length: 5\r\n", "abcde"],
    ["a length that is no number", "Content-Length: +5\r\n", "abcde"],
  ])("are refused, and the connection is closed: %s", async (_case, headers, body) => {
    const request = `POST /v1/track HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}${attack}`;
    const answer = await sendRaw(service.url, request);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  it.each(["xchunked", "identity", "gzip, chunked", "chunked, identity"])(
    "are refused for the transfer coding %j",
    async (coding) => {
      const request = `GET ${clickPath} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n${attack}`;
      const answer = await sendRaw(service.url, request);
      expect(answer).toMatch(/^HTTP\/1\.1 (400|501) /);
      expect(answer).not.toContain("Location");
      expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    },
  );

  it("are answered apart and in order when they are sent together", async () => {
    const answer = await sendRaw(
      service.url,
      `GET ${clickPath} HTTP/1.1\r\nHost: a\r\n\r\nGET /settings HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
    );
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses[0]).toBe("302");
    expect(statuses).toHaveLength(2);
    expect(statuses[1]).toMatch(/^(302|303|401)$/);
  });
});

describe("headers", () => {
  it("over the limit are refused, and a cookie of 6 KB is not", async () => {
    expect((await click({ cookie: `a=${"b".repeat(6000)}` })).status).toBe(302);
    const request = `GET ${clickPath} HTTP/1.1\r\nHost: a\r\nX-A: ${"b".repeat(40_000)}\r\n\r\n`;
    expect(await sendRaw(service.url, request)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it.each(["TRACE", "PROPFIND"])("of a %s request are never echoed", async (method) => {
    const answer = await sendRaw(
      service.url,
      `${method} / HTTP/1.1\r\nHost: a\r\nX-Secret: s3cr3t\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).not.toContain("s3cr3t");
  });
});

describe("connections", () => {
  it("over MAX_CONNECTIONS are closed and counted, and the service is reachable after", async () => {
    const small = await startService({ env: { MAX_CONNECTIONS: "10" } });
    const attack = fork(SLOW_SOCKETS, [new URL(small.url).port, "30"]);
    try {
      await expect
        .poll(() => refusals("too_many", small).catch(String), { timeout: 20_000, interval: 500 })
        .toBeGreaterThanOrEqual(20);
    } finally {
      attack.kill();
      await disposeService(small);
    }
  }, 30_000);
});
