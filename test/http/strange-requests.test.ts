import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendRaw } from "../support/raw-http.ts";
import {
  API_KEY,
  createClickPath,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";

const DESTINATION = "https://shop.test/shoes";

let service: RunningService;
let clickPath: string;

beforeAll(async () => {
  service = await startService();
  clickPath = await createClickPath(service, DESTINATION);
  await waitUntilSettled(service);
});

afterAll(() => disposeService(service));

/** Sends a head with these lines, and gives back the status and the whole answer. */
async function send(target: string, lines: readonly string[] = [], method = "GET") {
  const head = [`${method} ${target} HTTP/1.1`, "Connection: close", ...lines, "", ""];
  const text = await sendRaw(service.url, head.join("\r\n"));
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text };
}

const HOST = "Host: click.test";

describe("a click, however its request is written", () => {
  it.each([
    ["as to a proxy", (path: string) => send(`http://click.test${path}`, [HOST])],
    [
      "as to a proxy, of another host",
      (path: string) => send(`HTTP://other.test:81${path}`, [HOST]),
    ],
    ["for an unknown host", (path: string) => send(path, ["Host: evil.test"])],
    ["with two hosts", (path: string) => send(path, [HOST, "Host: evil.test"])],
    [
      "with a query that says nothing",
      (path: string) => send(`${path}?%zz&a[]=1&__proto__[x]=1`, [HOST]),
    ],
    ["with a huge cookie", (path: string) => send(path, [HOST, `Cookie: ${"a=1; ".repeat(2400)}`])],
    [
      "with forged forwarding headers",
      (path: string) =>
        send(path, [HOST, "X-Forwarded-For: , '\"<, 999.1.1.1", "X-Forwarded-Host: evil.test"]),
    ],
  ])("leads on: %s", async (_how, request) => {
    const { status, text } = await request(clickPath);
    expect(status).toBe(302);
    expect(text).toContain(`Location: ${DESTINATION}\r\n`);
  });

  it.each([
    ["a slash too many", (path: string) => `/${path}`],
    ["another folder before it", (path: string) => `/x/..${path}`],
    ["an encoded slash", (path: string) => path.replace(/\/([^/]+)$/, "%2F$1")],
    ["one encoded twice", (path: string) => path.replace(/\/([^/]+)$/, "%252F$1")],
    ["an encoded NUL", (path: string) => `${path}%00`],
    ["half an escape", (path: string) => `${path}%z`],
  ])("leads nowhere: %s", async (_how, change) => {
    expect((await send(change(clickPath), [HOST])).status).toBe(404);
  });

  it("is refused by a name when the head is no HTTP", async () => {
    for (const head of [
      `GET ${clickPath}\0 HTTP/1.1\r\n${HOST}\r\n\r\n`,
      `GET ${clickPath} HTTP/1.1\r\n${HOST}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `GET ${clickPath} HTTP/1.1\n${HOST}\n\n`,
    ]) {
      expect(await sendRaw(service.url, head)).toMatch(/^HTTP\/1\.1 400 /);
    }
  });
});

describe("paths that look elsewhere", () => {
  it.each([
    "/assets/..%2f..%2fpackage.json",
    "/assets/%2e%2e/%2e%2e/package.json",
    "/assets/..%5c..%5cpackage.json",
    "/v1/contacts/..%2f..%2fetc",
    "/v1/contacts/%00",
    "/v1/contacts/%ed%a0%80",
    "/v1/contacts/__proto__",
    "/v1/campaigns/%zz/links/0",
    "/v1/campaigns/spring/links/1e400",
    "/v1/campaigns/spring/links/99999999999999999999",
    "/v1/sites/%00/triggers",
    "/t/__proto__.json",
    "/v1/projects/__proto__/settings",
    "/analytics.js/v1/%00/analytics.min.js",
  ])("%s is a problem that says so", async (target) => {
    const { status, text } = await send(target, [HOST, `Authorization: Bearer ${API_KEY}`]);
    expect([400, 401, 404]).toContain(status);
    expect(text).toContain("application/problem+json");
  });
});

describe("times at the edges of the calendar", () => {
  const patch = (expires_at: unknown) =>
    fetch(`${service.url}/v1/campaigns/spring/links/0`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ expires_at }),
    });

  it.each(["-271821-04-20T00:00:00Z", "+275760-09-13T00:00:00Z", "2027-02-30T00:00:00Z", 1e15, ""])(
    "a link cannot expire at %j",
    async (expiresAt) => {
      const answer = await patch(expiresAt);
      expect([answer.status, JSON.parse(await answer.text()).code]).toEqual([422, "invalid_body"]);
    },
  );

  it.each(["9999-12-31T23:59:59Z", null])("a link may expire at %j", async (expiresAt) => {
    expect((await patch(expiresAt)).status).toBe(200);
  });
});

describe("whom an event is said to come from", () => {
  it("is not what the sender says, unless a proxy is trusted", async () => {
    const post = (of: RunningService, event: string) =>
      fetch(`${of.url}/v1/track`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${WRITE_KEY}`,
          "x-forwarded-for": "8.8.4.4, 9.9.9.9",
          forwarded: "for=7.7.7.7",
        },
        body: JSON.stringify({ event, anonymousId: "v1" }),
      });
    const proxied = await startService({ env: { TRUST_PROXY: "1", IP_MODE: "full" } });
    await post(service, "direct");
    await post(proxied, "proxied");
    const [direct, behind] = [await exported(service), await exported(proxied)];
    await disposeService(proxied);
    expect(direct).not.toMatch(/8\.8\.4|9\.9\.9|7\.7\.7/);
    // One proxy is trusted: the address that it added, never the one that came with the request.
    expect(behind).toContain("9.9.9.9");
    expect(behind).not.toMatch(/8\.8\.4|7\.7\.7/);
  });

  async function exported(of: RunningService): Promise<string> {
    await waitUntilSettled(of);
    const headers = { authorization: `Bearer ${API_KEY}` };
    return (await fetch(`${of.url}/v1/export/events`, { headers })).text();
  }
});
