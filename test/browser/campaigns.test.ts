import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  callApi,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";
import { closeContext, hasChromium, launchChromium } from "./support.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FIND_VIOLATIONS = `axe.run(document).then(({ violations }) =>
  violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => id + ": " + nodes[0].html))`;

const ATTACK = `"><script>document.title = "broken in"</script>`;
const HTML = `<a href="https://shop.example/shoes" data-link-name="hero">Shoes</a>
  <a href="https://shop.example/${"long-path-".repeat(30)}">See <b>everything</b> there is</a>`;

describe.runIf(hasChromium)("the pages of campaigns in Chromium", () => {
  let browser: Browser;
  let context: BrowserContext;
  let service: RunningService;
  let url: string;
  let session: Awaited<ReturnType<BrowserContext["storageState"]>>;

  beforeAll(async () => {
    browser = await launchChromium();
    service = await startService();
    const answer = await callApi<{ links: { tracking_url: string }[] }>(
      service,
      "POST",
      "/v1/rewrite",
      {
        html: HTML,
        campaign: "spring sale",
        contact: { id: "ana" },
      },
    );
    url = answer.links[0]?.tracking_url ?? "";
    await callApi(service, "POST", "/v1/rewrite", {
      html: HTML,
      campaign: ATTACK,
      contact: { id: "ana" },
    });
    await waitUntilSettled(service);
    const first = await browser.newContext();
    const page = await first.newPage();
    await page.goto(service.signInUrl());
    session = await first.storageState();
    await first.close();
  });
  afterAll(async () => {
    await browser.close();
    await disposeService(service);
  });
  beforeEach(async () => {
    context = await browser.newContext({ storageState: session });
  });
  afterEach(() => closeContext(context));

  const follow = async () =>
    (await fetch(url, { redirect: "manual" })).headers.get("location") ?? "nowhere";

  async function openCampaign(page: Page): Promise<void> {
    await page.goto(`${service.url}/campaigns`);
    await page.click("text=spring sale");
  }

  it("edit a link without JavaScript, show the mistake first, and keep every version", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false, storageState: session });
    const page = await plain.newPage();
    await openCampaign(page);
    const link = page.locator("#link-0");
    await link.locator("summary", { hasText: /^Change$/ }).click();
    await link.locator("[name=destination]").fill("shop.example/boots");
    await link.locator("text=Save").click();
    expect(await link.locator("[role=alert]").textContent()).toContain("absolute http(s) URL");
    expect(await link.locator("[name=destination]").inputValue()).toBe("shop.example/boots");
    await link.locator("[name=destination]").fill("https://shop.example/boots");
    await link.locator("text=Save").click();
    expect(await follow()).toBe("https://shop.example/boots");
    expect(await link.textContent()).toMatch(/The mail said\s+https:\/\/shop\.example\/shoes/);
    await link.locator("text=1 change").click();
    expect(await link.locator(".versions").textContent()).toMatch(/by you:.*boots/);
    await plain.close();
  });

  it("stop a campaign, with a fallback, and put it back", async () => {
    const page = await context.newPage();
    await openCampaign(page);
    await page.click("text=Stop all links");
    await page.check("#campaign-form [name=stopped]");
    await page.fill("#campaign-fallback", "https://shop.example/over");
    await page.click("#campaign-form button");
    await page.locator(".heading .pill.stopped").waitFor();
    expect(await follow()).toBe("https://shop.example/over");
    await page.click("text=Stop all links");
    await page.uncheck("#campaign-form [name=stopped]");
    await page.fill("#campaign-fallback", "");
    await page.click("#campaign-form button");
    await page.locator(".heading >> text=in service").waitFor();
  });

  it("keep an expiry to the second", async () => {
    await callApi(service, "PATCH", "/v1/campaigns/spring%20sale/links/1", {
      expires_at: "2031-12-31T23:59:59Z",
    });
    const page = await context.newPage();
    await openCampaign(page);
    const link = page.locator("#link-1");
    await link.locator("summary", { hasText: /^Change$/ }).click();
    expect(await link.locator("[name=expires]").inputValue()).toBe("2031-12-31T23:59:59");
    await link.locator("[name=fallback]").fill("https://shop.example/late");
    await link.locator("text=Save").click();
    await page.waitForURL(/#link-1$/);
    const { expires_at: at } = await callApi<{ expires_at: string }>(
      service,
      "GET",
      "/v1/campaigns/spring%20sale/links/1",
    );
    expect(at).toBe("2031-12-31T23:59:59.000Z");
  });

  it("tell what is wrong with a tracking domain", async () => {
    const page = await context.newPage();
    await page.goto(`${service.url}/settings`);
    await page.click("text=Use a domain of your own");
    await page.fill("#host", "no domain");
    await page.click("text=Add and check");
    expect(await page.locator("[role=alert]").textContent()).toContain("Expected a domain");
    expect(await page.inputValue("#host")).toBe("no domain");
    // Nobody may register it (RFC 6761), so its check fails on every machine.
    await page.fill("#host", "click.brand.invalid");
    await page.click("text=Add and check");
    await page.locator("td >> text=pending").waitFor();
    expect(await page.locator("td", { hasText: "pending" }).textContent()).toMatch(
      /click\.brand\.invalid/,
    );
  });

  it.each([
    [390, "light"],
    [390, "dark"],
    [1440, "light"],
    [1440, "dark"],
  ] as const)(
    "have no grave fault at %i px, %s, and run nothing that senders wrote",
    async (width, scheme) => {
      const page = await context.newPage();
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      for (const path of [
        "/campaigns",
        "/campaigns/spring%20sale",
        `/campaigns/${encodeURIComponent(ATTACK)}`,
        "/settings/domains",
        "/settings",
      ]) {
        await page.goto(service.url + path);
        await page.evaluate(
          "for (const one of document.querySelectorAll('details')) one.open = true",
        );
        await page.evaluate(AXE);
        expect(await page.evaluate<string[]>(FIND_VIOLATIONS), path).toEqual([]);
        const overflow = await page.evaluate<number>(
          "document.documentElement.scrollWidth - window.innerWidth",
        );
        expect(overflow, path).toBeLessThanOrEqual(0);
        expect(await page.title()).not.toBe("broken in");
        const folder = process.env["SCREENSHOTS"];
        if (folder)
          await page.screenshot({
            path: `${folder}/${width}-${scheme}-${path.length}.png`,
            fullPage: true,
          });
      }
    },
  );
});
