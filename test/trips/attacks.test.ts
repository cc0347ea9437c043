import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  API_KEY,
  callApi,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";

interface Probe {
  readonly id: string;
  readonly title: string;
  readonly request: readonly ProbeRequest[];
}

interface ProbeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string | readonly string[]>;
  readonly json?: unknown;
  readonly vary?: Record<string, readonly string[]>;
}

interface Answer {
  readonly status: number;
  readonly location: string | null;
  readonly text: string;
  readonly headers: Headers;
}

const FIXTURES = process.env["CLICKTRAIL_FIXTURES"];
const DESTINATION = "https://ok.example/";
const probes: Probe[] = FIXTURES
  ? JSON.parse(readFileSync(path.join(FIXTURES, "cases/attack-probes.json"), "utf8")).probes
  : [];

let service: RunningService;
let good: string;

/** Sends a request of a probe once for every value of its `vary`. */
async function send(request: ProbeRequest, body?: string): Promise<Answer[]> {
  const [name = "", values = [""]] = Object.entries(request.vary ?? {})[0] ?? [];
  const fill = (text: string, value: string) =>
    (name === "" ? text : text.replaceAll(name, value)).replaceAll("/c/{good}", good);
  const answers: Answer[] = [];
  for (const value of values) {
    const headers = Object.entries(request.headers ?? {}).map(([header, text]) => [
      header,
      // A header takes bytes: what is no Latin-1 comes as its UTF-8, as a browser sends it.
      Buffer.from(fill(String(text), value)).toString("latin1"),
    ]);
    const response = await fetch(service.url + fill(request.path, value), {
      method: request.method,
      redirect: "manual",
      headers: Object.fromEntries(headers.filter(([header]) => header !== "host")),
      ...(body === undefined ? {} : { body }),
    });
    answers.push({
      status: response.status,
      location: response.headers.get("location"),
      text: await response.text(),
      headers: response.headers,
    });
  }
  return answers;
}

const rewrite = (body: object) =>
  callApi<{
    html: string;
    links: { destination: string; tracking_url: string }[];
    skipped: { url: string; reason: string }[];
  }>(service, "POST", "/v1/rewrite", { campaign: "probe", ...body });

const collect = (route: string, body: string | Buffer) =>
  fetch(`${service.url}${route}`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${WRITE_KEY}:`)}` },
    body,
  });

const isRedirect = ({ status, location }: Answer) =>
  status === 302 && location !== null && location.startsWith(DESTINATION);

const eachRequest = async (probe: Probe): Promise<Answer[]> =>
  (await Promise.all(probe.request.map((one) => send(one)))).flat();

const leadsHome = async (probe: Probe) => {
  const answers = await eachRequest(probe);
  expect(answers.filter((answer) => !isRedirect(answer))).toEqual([]);
  for (const { location, headers } of answers) {
    expect(location).not.toContain("evil");
    expect(headers.get("cache-control")).toContain("no-store");
    expect(headers.get("set-cookie")).toBeNull();
  }
};

const isRefused = async (route: string, body: string | Buffer, ...statuses: number[]) => {
  expect(statuses).toContain((await collect(route, body)).status);
};

/** How each probe is made against our own routes; those of features that have their own tests are left out. */
const CHECKS: Record<string, (probe: Probe) => Promise<void>> = {
  A001: leadsHome,
  A012: leadsHome,
  A028: leadsHome,
  A029: leadsHome,
  A050: leadsHome,
  A077: async (probe) => {
    await leadsHome(probe);
    const output = service.output();
    for (const secret of ["jane@example.com", "s3cr3t", "192.0.2.9", good.slice(3, 30)]) {
      expect(output).not.toContain(secret);
    }
  },
  A082: leadsHome,
  A084: leadsHome,
  A085: leadsHome,
  A003: async (probe) => {
    const { html = "" } = Object(probe.request[0]?.json);
    const answer = await rewrite({ html });
    expect(answer.html).toBe(html);
    expect(answer.links).toEqual([]);
    expect(answer.skipped).toHaveLength(7);
  },
  A005: async () => {
    const html = '<a href="https://bank.example@evil.example/">x</a>';
    const answer = await rewrite({ html });
    expect(answer.html).toBe(html);
    expect(answer.skipped[0]?.reason).toBe("userinfo");
  },
  A017: async () => {
    const paths = [good.toUpperCase().replace("/C/", "/c/"), good.replace("/c/", "/C/")];
    for (const one of paths) {
      const [answer] = await send({ method: "GET", path: one });
      expect(answer).toMatchObject({ status: 404, location: null });
    }
  },
  A018: async () => {
    const encoded = [...good.slice(3)].map((char) =>
      char === "/" ? char : `%${char.charCodeAt(0).toString(16)}`,
    );
    expect((await send({ method: "GET", path: `/c/${encoded.join("")}` })).every(isRedirect)).toBe(
      true,
    );
    for (const one of [`/c//${good.slice(3)}`, `${good}/`, `${good};jsessionid=1`]) {
      const [answer] = await send({ method: "GET", path: one });
      expect(answer?.status === 404 || (answer && isRedirect(answer))).toBe(true);
    }
  },
  A024: async (probe) => {
    const { url = [] } = Object(probe.request[0]?.json);
    for (const one of url) {
      const { links } = await rewrite({ html: `<a href="${one}">x</a>` });
      for (const { tracking_url } of links) {
        const answers = await send({ method: "GET", path: new URL(tracking_url).pathname });
        expect(answers.every(isRedirect)).toBe(true);
        expect(answers[0]?.headers.get("set-cookie")).toBeNull();
        expect(answers[0]?.location).toMatch(/^[!-~]+$/);
      }
    }
  },
  A025: async (probe) => {
    const { links } = await rewrite(Object(probe.request[0]?.json));
    const [answer] = await send({
      method: "GET",
      path: new URL(links[0]?.tracking_url ?? "").pathname,
    });
    expect(answer?.headers.get("x-evil")).toBeNull();
    expect(new URL(answer?.location ?? "").searchParams.has("utm_source")).toBe(false);
  },
  A040: async (probe) => {
    const { html } = Object(probe.request[0]?.json);
    const answer = await rewrite({ html });
    const isKept = answer.html.includes("*|EMAIL|*") && answer.html.includes("{{first_name}}");
    expect(isKept).toBe(true);
  },
  A041: async (probe) => {
    const formulas: string[] = Object(probe.request[0])["data"];
    for (const formula of formulas) {
      await isRefused(
        "/v1/identify",
        JSON.stringify({ userId: `${formula}x`, traits: { name: formula } }),
        200,
      );
    }
    await waitUntilSettled(service);
    const answer = await fetch(`${service.url}/v1/export/contacts?format=csv`, {
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    const text = await answer.text();
    for (const formula of formulas) {
      const cell = `'${formula.trimStart()}x`.replaceAll('"', '""');
      expect(text).toContain(`,"${cell}",`);
    }
  },
  A051: (probe) =>
    isRefused("/v1/track", JSON.stringify({ userId: "1", ...Object(probe.request[0]?.json) }), 200),
  A052: () =>
    isRefused(
      "/v1/track",
      `{"event":"x","userId":"1","properties":{"a":${"[".repeat(1e5)}${"]".repeat(1e5)}}}`,
      400,
    ),
  A055: async () => {
    const keys = Array.from({ length: 100_000 }, (_, n) => `"k${n}":1`);
    const many = `{"event":"x","userId":"1","properties":{${keys}}}`;
    await isRefused("/v1/track", many, 400, 413);
    const long = `{"event":"x","userId":"1","properties":{"${"k".repeat(1e6)}":1}}`;
    await isRefused("/v1/track", long, 400);
    await isRefused("/v1/batch", `{"batch":[${Array(1_000_000).fill(1)}]}`, 400, 413);
  },
  A056: () =>
    isRefused(
      "/v1/track",
      '{"event":"x","userId":"1","timestamp":"9999999-01-01","properties":{"value":1e400}}',
      200,
      400,
    ),
  A057: async () => {
    await isRefused("/v1/track", Buffer.from('{"event":"\xff\xfe","userId":"1"}', "latin1"), 400);
    await isRefused(
      "/v1/track",
      '{"event":"a\\u0000b","userId":"1","properties":{"p":"\\ud800"}}',
      200,
    );
  },
  A060: async (probe) => {
    for (const agent of ["a".repeat(16_000), "Mozilla/5.0 (".repeat(600), "(".repeat(8000)]) {
      await leadsHome({
        ...probe,
        request: [{ method: "GET", path: "/c/{good}", headers: { "user-agent": agent } }],
      });
    }
  },
  A062: async () => {
    const email = `a@${"a.".repeat(20_000)}`;
    const startedAt = performance.now();
    const { status } = await collect(
      "/v1/identify",
      JSON.stringify({ userId: "1", traits: { email } }),
    );
    expect([200, 400]).toContain(status);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  },
  A070: async () => {
    for (const [method, route] of [
      ["GET", "/v1/contacts"],
      ["POST", "/v1/rewrite"],
    ]) {
      const { status } = await fetch(service.url + route, {
        method: method ?? "GET",
        headers: { authorization: `Bearer ${WRITE_KEY}` },
      });
      expect([401, 403]).toContain(status);
    }
    const page = await fetch(`${service.url}/settings`, {
      redirect: "manual",
      headers: { accept: "text/html" },
    });
    expect(page.headers.get("location")).toContain("/sign-in");
  },
  A092: async () => {
    const statusOf = async (method: string, one: string) =>
      (await send({ method, path: one }))[0]?.status;
    expect(await statusOf("HEAD", good)).toBe(302);
    expect(await statusOf("OPTIONS", good)).toBe(405);
    expect(await statusOf("PUT", good)).toBe(405);
    expect(await statusOf("GET", "/.git/config")).toBe(404);
    expect(await statusOf("GET", `${good}%2f..%2fadmin`)).toBe(404);
  },
};

describe.runIf(FIXTURES)("the worked attack probes", () => {
  beforeAll(async () => {
    service = await startService();
    const { links } = await rewrite({
      html: `<a href="${DESTINATION}">x</a>`,
      contact: { id: "1" },
    });
    good = new URL(links[0]?.tracking_url ?? "").pathname;
  });
  afterAll(() => disposeService(service));

  const own = probes.filter(({ id }) => CHECKS[id] !== undefined);

  it.each(own.map((probe) => [probe.id, probe.title, probe] as const))(
    "%s does no harm: %s",
    async (id, _title, probe) => {
      await CHECKS[id]?.(probe);
      expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    },
    30_000,
  );
});
