import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  callApi,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";

const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
const OFFER = "https://shop.test/offer";

interface Answer {
  readonly consent: Record<string, string>;
  readonly changed_at: string | null;
  readonly log: readonly { source: string | null; clicks: string; actor: { kind: string } }[];
}

describe("consent, judged at the hit", () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService();
    await callApi(service, "POST", "/v1/sites", { name: "Shop", hosts: ["shop.test"] });
  });
  afterAll(() => disposeService(service));

  /** A mail with a link and a pixel; gives both addresses. */
  async function sendMail(id: string): Promise<{ link: string; pixel: string }> {
    const { html } = await callApi<{ html: string }>(service, "POST", "/v1/rewrite", {
      html: `<body><a href="${OFFER}">offer</a></body>`,
      campaign: "Spring",
      contact: { id },
      options: { open_pixel: true },
    });
    const [link = "", pixel = ""] = html.match(/http[^"]+\/[co]\/[^"]+/g) ?? [];
    return { link, pixel };
  }

  async function open(url: string): Promise<string> {
    const response = await fetch(url, { redirect: "manual", headers: { "user-agent": CHROME } });
    expect(response.status).toBe(url.includes("/o/") ? 200 : 302);
    return response.headers.get("location") ?? "";
  }

  async function entriesOf(id: string): Promise<string[]> {
    await waitUntilSettled(service);
    const { entries } = await callApi<{ entries: { type: string }[] }>(
      service,
      "GET",
      `/v1/contacts/${id}/journey`,
    );
    return entries.map(({ type }) => type).sort();
  }

  const put = (id: string, body: object): Promise<Answer> =>
    callApi(service, "PUT", `/v1/contacts/${id}/consent`, body);

  it("keeps everything of who said nothing", async () => {
    const { link, pixel } = await sendMail("silent");
    expect(await open(link)).toMatch(/^https:\/\/shop\.test\/offer\?jt=/);
    await open(pixel);
    expect(await entriesOf("silent")).toEqual(["click", "open", "sent"]);
    const answer: Answer = await callApi(service, "GET", "/v1/contacts/silent/consent");
    expect(answer).toMatchObject({ consent: { clicks: "individual" }, changed_at: null, log: [] });
  });

  it("obeys a withdrawal at once, also for mails that were sent before", async () => {
    const { link, pixel } = await sendMail("withdrawn");
    await put("withdrawn", { clicks: "none", opens: "none", source: "footer link" });
    expect(await open(link)).toBe(OFFER);
    await open(pixel);
    expect(await entriesOf("withdrawn")).toEqual(["sent"]);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toContain('clicktrail_hits_total{kind="click",kept="refused"} 1');
    expect(metrics).toContain('clicktrail_hits_total{kind="open",kept="refused"} 1');
  });

  it("only counts an aggregate click: campaign and link, nobody and nothing of a browser", async () => {
    const { link } = await sendMail("counted");
    await put("counted", { clicks: "aggregate" });
    expect(await open(link)).toBe(OFFER);
    expect(await entriesOf("counted")).toEqual(["sent"]);
    const response = await fetch(`${service.url}/readyz`);
    expect(await response.json()).toMatchObject({ settled: true });
  });

  it("carries no click to the site for who may not be followed there", async () => {
    const { link } = await sendMail("no-site");
    await put("no-site", { site: "none" });
    expect(await open(link)).toBe(OFFER);
    expect(await entriesOf("no-site")).toEqual(["click", "sent"]);
  });

  it("obeys before the first mail, by address in any case", async () => {
    await put(encodeURIComponent("Early@ex.test"), { clicks: "none" });
    const { html } = await callApi<{ html: string }>(service, "POST", "/v1/rewrite", {
      html: `<a href="${OFFER}">offer</a>`,
      campaign: "Spring",
      contact: { email: "early@EX.test" },
    });
    expect(await open(/http[^"]+/.exec(html)?.[0] ?? "")).toBe(OFFER);
  });

  it("logs every change with its source, and lets things be allowed again", async () => {
    const { link } = await sendMail("changing");
    await put("changing", { clicks: "none", source: "footer link" });
    const answer = await put("changing", {
      clicks: "individual",
      source: "form",
      text_version: "3",
    });
    expect(answer.consent).toEqual({
      clicks: "individual",
      opens: "individual",
      site: "individual",
    });
    expect(answer.log).toMatchObject([
      { clicks: "none", source: "footer link", actor: { kind: "secret" } },
      { clicks: "individual", source: "form", text_version: "3" },
    ]);
    expect(await open(link)).toContain("jt=");
  });

  it("says what would be right", async () => {
    await expect(put("x", { click: "none" })).rejects.toThrow(/422.*clicks/s);
    await expect(put("x", { clicks: "never" })).rejects.toThrow(/individual, aggregate, none/);
    await expect(put("x", {})).rejects.toThrow(/Give at least one of clicks, opens, site/);
  });
});

describe("Sec-GPC, where the operator reads it as a wish not to be joined", () => {
  let service: RunningService;
  let link = "";

  beforeAll(async () => {
    service = await startService({ env: { GPC_MODE: "no-join" } });
    await callApi(service, "POST", "/v1/sites", { name: "Shop", hosts: ["shop.test"] });
    const { links } = await callApi<{ links: { tracking_url: string }[] }>(
      service,
      "POST",
      "/v1/rewrite",
      { html: `<a href="${OFFER}">x</a>`, campaign: "Spring", contact: { id: "ana" } },
    );
    link = links[0]?.tracking_url ?? "";
  });
  afterAll(() => disposeService(service));

  it.each([
    ["1", OFFER],
    ["0", `${OFFER}?jt=`],
  ])(
    "a click with Sec-GPC: %s is redirected and kept, its visit joined or not",
    async (gpc, start) => {
      const headers = { "user-agent": CHROME, "sec-gpc": gpc };
      const response = await fetch(link, { redirect: "manual", headers });
      const location = response.headers.get("location") ?? "";
      expect(location.startsWith(start)).toBe(true);
      expect(location.includes("jt=")).toBe(gpc === "0");
    },
  );

  it("joins no visit that asks not to be", async () => {
    for (const gpc of ["1", "0"]) {
      await fetch(`${service.url}/v1/track`, {
        method: "POST",
        headers: {
          authorization: `Basic ${btoa(`${WRITE_KEY}:`)}`,
          "sec-gpc": gpc,
          "user-agent": CHROME,
        },
        body: JSON.stringify({ userId: "ana", anonymousId: `V${gpc}`, event: `seen_with_${gpc}` }),
      });
    }
    await waitUntilSettled(service);
    const { entries } = await callApi<{ entries: { name: string }[] }>(
      service,
      "GET",
      "/v1/contacts/ana/journey",
    );
    const names = entries.map(({ name }) => name);
    expect(names.filter((name) => name === "email_clicked")).toHaveLength(2);
    expect(names).toContain("seen_with_0");
    expect(names).not.toContain("seen_with_1");
  });
});
