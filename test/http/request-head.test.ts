import http from "node:http";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPlainRequest } from "../../src/http/request-head.ts";

const socket = new Socket();
const MOST = 32_768;
const read = (text: string) => readPlainRequest(Buffer.from(text, "latin1"), MOST, socket);

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: http.IncomingHttpHeaders;
}

/** What node:http reads in the same bytes; the requests in them, or how it refuses them. */
function readByNode(text: string): Promise<(Seen | string)[]> {
  return new Promise((resolve) => {
    const seen: (Seen | string)[] = [];
    const server = http.createServer({ maxHeaderSize: MOST }, (req, res) => {
      seen.push({ method: req.method, url: req.url, headers: req.headers });
      req.resume();
      res.end();
    });
    server.on("clientError", (error) => {
      seen.push(String(error));
      resolve(seen);
    });
    const connection = new Duplex({
      read() {},
      write: (_bytes, _encoding, done) => done(),
      final: (done) => done(),
    });
    server.emit("connection", connection);
    connection.push(Buffer.from(text, "latin1"));
    setImmediate(() => setImmediate(() => resolve(seen)));
  });
}

const BROWSER = [
  "GET /c/AQEBAQ/BwcHBw?x=1 HTTP/1.1",
  "Host: click.shop.test",
  "Connection: keep-alive",
  'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
  "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
  "Accept-Language:  de-DE,de;q=0.9 \t",
  "Cookie: a=1; b=\xe9",
];
const head = (lines: readonly string[]) => `${lines.join("\r\n")}\r\n\r\n`;

describe("a plain request", () => {
  it("of a browser is read as node:http reads it", async () => {
    const { method, url, headers, closes } = read(head(BROWSER)) ?? {};
    expect([{ method, url, headers }]).toEqual(await readByNode(head(BROWSER)));
    expect(headers?.["accept-language"]).toBe("de-DE,de;q=0.9");
    expect(closes).toBe(false);
  });

  it("may ask for the connection to be closed", () => {
    expect(read(head(["HEAD /o/a/b.gif HTTP/1.1", "host: x", "connection: Close"]))).toMatchObject({
      method: "HEAD",
      closes: true,
    });
  });

  it.each([
    ["nothing", ""],
    ["half a head", head(BROWSER).slice(0, -2)],
    ["two requests", head(BROWSER) + head(BROWSER)],
    ["a body", `${head([...BROWSER, "Content-Length: 2"])}ok`],
    ["chunks", head([...BROWSER, "Transfer-Encoding: chunked"])],
    ["an upgrade", head([...BROWSER.slice(0, 2), "Connection: Upgrade", "Upgrade: h2c"])],
    ["HTTP/1.0", head(["GET /c/a/b HTTP/1.0", "Host: x"])],
    ["no host", head(["GET /c/a/b HTTP/1.1", "Accept: */*"])],
    ["two hosts", head([...BROWSER, "host: other.test"])],
    ["a folded header", head([...BROWSER, "X-A: 1", " 2"])],
    ["a space before the colon", head([...BROWSER, "X-A : 1"])],
    ["bare line feeds", head(BROWSER).replaceAll("\r\n", "\n")],
    ["a whole URL", head(["GET http://x/c/a/b HTTP/1.1", "Host: x"])],
    ["a control character", head([...BROWSER, "X-A: \u0000"])],
    ["a head over the limit", head([...BROWSER, `X-A: ${"a".repeat(MOST)}`])],
  ])("is not: %s", (_what, text) => expect(read(text)).toBeUndefined());

  it("is never read otherwise than node:http reads the same bytes", async () => {
    const names = [
      "Host",
      "Accept",
      "Cookie",
      "Connection",
      "Content-Length",
      "TE",
      "X-é",
      "",
      " ",
    ];
    const value = fc.oneof(
      fc.constantFrom("x", "0", "keep-alive", "close", "close, x", "\t x \t", "\xa0x\xa0", "a\rb"),
      fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 12 }),
    );
    const line = fc
      .tuple(
        fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 6 })),
        fc.constantFrom(":", ":", ":", ": ", " :", ""),
        value,
      )
      .map((parts) => parts.join(""));
    const first = fc
      .tuple(
        fc.constantFrom("GET", "GET", "HEAD", "POST", "get"),
        fc.oneof(
          fc.constant("/c/a/b"),
          fc.string({ maxLength: 8 }).map((rest) => `/${rest}`),
        ),
        fc.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0"),
      )
      .map((parts) => parts.join(" "));
    const text = fc
      .tuple(
        first,
        fc.array(line, { maxLength: 4 }),
        fc.constantFrom("\r\n", "\r\n", "\r\n", "\n"),
        fc.constantFrom("", "", "", "x", "GET / HTTP/1.1\r\n\r\n"),
      )
      .map(([start, lines, end, rest]) =>
        [start, "Host: x", ...lines, "", ""].join(end).concat(rest),
      );
    let plain = 0;
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const found = read(given);
        if (!found) return;
        plain += 1;
        const { method, url, headers } = found;
        expect(await readByNode(given)).toEqual([{ method, url, headers }]);
      }),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(100);
  });
});
