import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  callApi,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";
import { hasChromium, launchChromium } from "./support.ts";

/** What strangers write where we show it: names, addresses, agents, properties, links. */
const PAYLOADS = [
  // First, so that it hides nothing of the others where the newest comes first.
  "<!--",
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "'-alert(1)-'",
  "javascript:alert(1)",
  '{{constructor.constructor("alert(1)")()}}',
  "</script><script>alert(1)</script>",
  "<svg/onload=alert(1)>",
];

/** Elements and addresses that no page of ours has by itself. */
const FIND_FOREIGN = `[...document.querySelectorAll("*")].filter((element) =>
  element.matches("img[src=x], svg[onload], script:not([src])") ||
  [...element.attributes].some(({ name, value }) => name.startsWith("on") ||
    (/^(href|src|action|formaction)$/.test(name) && /^\\s*(javascript|vbscript):/i.test(value)))
).map((element) => element.outerHTML)`;
const FIND_LINKS = `[...document.querySelectorAll("a[href]:not([download])")]
  .map(({ href }) => href.split("#")[0])`;

describe.runIf(hasChromium)("markup that strangers send", () => {
  let browser: Browser;
  let service: RunningService;

  beforeAll(async () => {
    browser = await launchChromium();
    service = await startService();
    for (const payload of PAYLOADS) await plant(payload);
    await waitUntilSettled(service);
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await disposeService(service);
  });

  async function plant(payload: string): Promise<void> {
    const { links } = await callApi<{ links: { tracking_url: string }[] }>(
      service,
      "POST",
      "/v1/rewrite",
      {
        campaign: payload,
        html: `<a href="https://ok.example/" title="${payload}">${payload}</a>`,
        contact: { id: payload },
        utm: { utm_source: payload },
      },
    );
    await fetch(service.url + new URL(links[0]?.tracking_url ?? "").pathname, {
      redirect: "manual",
      headers: { "user-agent": payload, referer: `https://a.example/${payload}` },
    });
    const said = { name: payload, email: payload, url: payload, referrer: payload, [payload]: "x" };
    const who = { userId: payload };
    await collect("identify", { ...who, traits: said });
    await collect("page", { ...who, name: payload, properties: said });
    await collect("page", {
      ...who,
      properties: { url: `https://a.example/?utm_campaign=${payload}` },
    });
    await collect("track", { ...who, event: payload, properties: { ...said, value: 3 } });
    await collect("track", { event: payload, properties: said });
  }

  const collect = (type: string, message: object) =>
    fetch(`${service.url}/v1/${type}`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${WRITE_KEY}:`)}` },
      body: JSON.stringify(message),
    });

  /** Follows every link of our own, and tells what ran or got out of its text. */
  async function walk(page: Page, starts: readonly string[]): Promise<Map<string, unknown[]>> {
    const found = new Map<string, unknown[]>();
    const waiting = starts.map((path) => service.url + path);
    for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
      if (found.has(url) || url.endsWith(".json") || url.includes(".csv")) continue;
      const answer = await page.goto(url, { waitUntil: "domcontentloaded" });
      found.set(url, await page.evaluate<unknown[]>(FIND_FOREIGN));
      if ((answer?.status() ?? 500) >= 500) found.set(url, [answer?.status()]);
      const links = await page.evaluate<string[]>(FIND_LINKS);
      waiting.push(...links.filter((link) => link.startsWith(service.url)));
    }
    return found;
  }

  it("stays text on every page that can be reached", async () => {
    const page = await browser.newPage();
    const alarms: string[] = [];
    page.on("dialog", (dialog) => {
      alarms.push(`${page.url()} ran ${dialog.message()}`);
      return dialog.dismiss();
    });
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) alarms.push(message.text());
    });
    await page.goto(service.signInUrl());
    const found = await walk(page, ["/", "/welcome", "/settings", "/failed-events", "/review"]);
    expect([...found].filter(([, foreign]) => foreign.length > 0)).toEqual([]);
    expect(alarms).toEqual([]);
    for (const kind of ["contacts", "campaigns"]) {
      const reached = [...found.keys()].filter((url) => url.includes(`/${kind}/`));
      expect(reached.length, kind).toBeGreaterThanOrEqual(PAYLOADS.length);
    }
  }, 120_000);
});
