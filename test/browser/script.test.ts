import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { objectOf } from "../../src/collect/json-object.ts";
import { closeContext, hasChromium, launchChromium } from "./support.ts";
import { type SentCall, startTestSite, type TestSite } from "./test-site.ts";

describe.runIf(hasChromium)("the site script in Chromium", () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let site: TestSite;
  const errors: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    site = await startTestSite();
    context = await browser.newContext();
    page = await context.newPage();
    errors.length = 0;
    page.on("pageerror", (error) => errors.push(error.message));
  });
  afterEach(async () => {
    await closeContext(context);
    await site.stop();
  });

  const named = (name: string) => site.named(name);
  const waitFor = (name: string, count?: number) => site.waitFor(name, count);
  const pageOf = (call: SentCall) => objectOf(objectOf(call["context"])["page"]);
  const clickOf = (call: SentCall) => objectOf(call["context"])["click_id"];

  it("sends the landing with its click, and takes the parameter off the address bar", async () => {
    await page.goto(`${site.origin}/?a=1&jt=Click1#top`);
    const landing = await waitFor("page");
    expect(clickOf(landing)).toBe("Click1");
    expect(pageOf(landing)).toMatchObject({ url: `${site.origin}/?a=1#top`, title: "Shop" });
    expect(page.url()).toBe(`${site.origin}/?a=1#top`);
    expect(site.bodies.join()).not.toContain("jt=");
    expect(errors).toEqual([]);
  });

  it("knows the visitor and the click again on the next page, under a strict CSP", async () => {
    await page.goto(`${site.origin}/?jt=Click1`);
    const first = await waitFor("page");
    await page.goto(`${site.origin}/next`);
    const second = await waitFor("page", 2);
    expect(second["anonymousId"]).toBe(first["anonymousId"]);
    expect(clickOf(second)).toBe("Click1");
    expect(pageOf(second)).toMatchObject({ path: "/next" });
  });

  it("adopts the calls queued before it was there, and those pushed later", async () => {
    await page.goto(`${site.origin}/queued`);
    const queued = await waitFor("sign_up");
    expect(queued).toMatchObject({ userId: "u-1", properties: { method: "email" } });
    await page.evaluate("clicktrail.push(['track', 'later'])");
    await waitFor("later");
    expect(site.calls.find((call) => call.type === "identify")).toMatchObject({
      userId: "u-1",
      traits: { plan: "pro" },
    });
  });

  it("counts one page view for each new URL of a single-page site", async () => {
    await page.goto(`${site.origin}/`);
    await waitFor("page");
    await page.evaluate(
      "history.pushState(null, '', '/cart'); history.replaceState(null, '', '/cart')",
    );
    expect(pageOf(await waitFor("page", 2))).toMatchObject({
      path: "/cart",
      referrer: `${site.origin}/`,
    });
    await page.evaluate("history.pushState(null, '', '/cart#details')");
    await page.evaluate("history.pushState(null, '', '/pay')");
    expect(pageOf(await waitFor("page", 3))).toMatchObject({ path: "/pay" });
    await page.goBack();
    await page.goBack();
    expect(pageOf(await waitFor("page", 4))).toMatchObject({ path: "/cart" });
  });

  it("forgets visitor, user and click on reset", async () => {
    await page.goto(`${site.origin}/queued?jt=Click1`);
    const before = await waitFor("sign_up");
    await page.evaluate("clicktrail.reset(); clicktrail.track('after')");
    const after = await waitFor("after");
    expect(after["anonymousId"]).not.toBe(before["anonymousId"]);
    expect(after["userId"]).toBeNull();
    expect(clickOf(after)).toBeUndefined();
  });

  it("keeps what was refused and sends it again", async () => {
    site.answers.push(503);
    await page.goto(`${site.origin}/`);
    await expect.poll(() => site.answers.length).toBe(0);
    expect(await waitFor("page")).toMatchObject({ type: "page" });
    const waiting = await page.evaluate("localStorage.clicktrail_queue");
    expect(waiting).toBeUndefined();
  });

  it("keeps what could not be delivered for the next page", async () => {
    await page.route("**/v1/b?*", (route) => route.abort());
    const refused = page.waitForEvent("requestfailed", (request) =>
      request.url().includes("/v1/b"),
    );
    await page.goto(`${site.origin}/`);
    await refused;
    await page.evaluate("clicktrail.track('while_away', { at: 1 })");
    await page.goto(`${site.origin}/next`);
    expect(site.calls).toEqual([]);
    await page.unroute("**/v1/b?*");
    expect((await waitFor("while_away"))["properties"]).toEqual({ at: 1 });
    expect(
      named("page")
        .map((call) => pageOf(call)["path"])
        .sort(),
    ).toEqual(["/", "/next"]);
  });

  /** Opens a page whose time stands still; nothing waits any more. */
  async function openAtRest(): Promise<void> {
    const start = Date.parse("2026-01-05T10:00:00Z");
    await page.clock.install({ time: start });
    await page.goto(`${site.origin}/`);
    await waitFor("page");
    await page.clock.pauseAt(start + 3_600_000);
    await expect.poll(() => page.evaluate("localStorage.clicktrail_queue")).toBeUndefined();
  }

  it("tries again after 1 s, then after 2 s, and after as long as the service asks", async () => {
    await openAtRest();
    let posts = 0;
    page.on("response", (response) => {
      if (response.url().includes("/v1/b")) posts += 1;
    });
    const postsAfter = async (ms: number): Promise<number> => {
      await page.clock.runFor(ms);
      // By the time that this has been answered, so has what was sent before it.
      await page.evaluate("fetch('/next').then((answer) => answer.text())");
      return posts;
    };
    site.answers.push(503, 503, 429);
    await page.evaluate("clicktrail.track('patient')");
    expect(await postsAfter(299)).toBe(0);
    expect(await postsAfter(1)).toBe(1);
    expect(await postsAfter(999)).toBe(1);
    expect(await postsAfter(1)).toBe(2);
    expect(await postsAfter(1999)).toBe(2);
    expect(await postsAfter(1)).toBe(3);
    expect(await postsAfter(29_999)).toBe(3);
    await page.clock.runFor(1);
    await waitFor("patient");
  });

  it.each([
    ["its tab is hidden", "visibilitychange"],
    ["it is left", "pagehide"],
  ])("sends at once when %s, by sendBeacon", async (_case, type) => {
    await openAtRest();
    await page.evaluate(`
      window.beacons = 0;
      const { sendBeacon } = navigator;
      navigator.sendBeacon = (...args) => ++beacons && sendBeacon.apply(navigator, args);
      clicktrail.track("last_word");
      if ("${type}" === "visibilitychange") Object.defineProperty(document, "hidden", { value: true });
      (document.hidden ? document : window).dispatchEvent(new Event("${type}"))`);
    await waitFor("last_word");
    expect(await page.evaluate("beacons")).toBe(1);
  });

  it("goes on sending what was refused when its tab is hidden meanwhile", async () => {
    site.answers.push(503);
    await page.goto(`${site.origin}/`);
    await expect.poll(() => site.answers.length).toBe(0);
    await page.evaluate(`
      Object.defineProperty(document, "hidden", { value: true });
      document.dispatchEvent(new Event("visibilitychange"));`);
    await waitFor("page");
  });

  it("delivers what was waiting when the page is left at once", async () => {
    await page.goto(`${site.origin}/`);
    await page.evaluate("clicktrail.track('last_word'); location.href = '/next'");
    await waitFor("last_word");
    await page.waitForURL("**/next");
  });

  it("works without storage and without throwing into the page", async () => {
    await page.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(globalThis, name, {
          get() {
            throw new Error("forbidden");
          },
        });
      }
    });
    await page.goto(`${site.origin}/?jt=Click1`);
    expect(clickOf(await waitFor("page"))).toBe("Click1");
    await page.evaluate(
      "const a = {}; a.a = a; clicktrail.track('circular', a); clicktrail.push(['no'])",
    );
    await page.evaluate("clicktrail.track('fine')");
    await waitFor("fine");
    expect(named("circular")).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("reports scrolling, outbound clicks, downloads and engaged time", async () => {
    await page.goto(`${site.origin}/long`);
    await page.mouse.move(100, 100);
    await page.mouse.wheel(0, 100_000);
    await waitFor("scroll", 4);
    expect(named("scroll").map((call) => objectOf(call["properties"])["percent_scrolled"])).toEqual(
      [25, 50, 75, 90],
    );
    await page.click("#out");
    expect((await waitFor("click"))["properties"]).toMatchObject({
      link_domain: "other.test",
      link_id: "out",
      link_text: "Elsewhere",
      outbound: true,
    });
    await page.click("#file");
    expect((await waitFor("file_download"))["properties"]).toMatchObject({ file_name: "list.pdf" });
    await page.goto(`${site.origin}/next`);
    const engaged = objectOf((await waitFor("user_engagement"))["properties"]);
    expect(engaged["engagement_time_msec"]).toBeGreaterThan(0);
    expect(objectOf(named("click")[0]?.["context"])["interacted"]).toBe(1);
  });

  it("reports forms without what was typed, but for the field marked as email", async () => {
    await page.goto(`${site.origin}/form`);
    await page.fill("#name", "Top Secret");
    await page.fill("#mail", "jane@shop.test");
    await page.click("button");
    expect((await waitFor("form_start"))["properties"]).toMatchObject({
      form_id: "join",
      first_field_id: "name",
      first_field_position: 1,
    });
    expect((await waitFor("form_submit"))["properties"]).toMatchObject({
      form_name: "Join us",
      form_destination: `${site.origin}/next`,
      form_submit_text: "Go",
      email: "jane@shop.test",
    });
    expect(site.bodies.join()).not.toContain("Top Secret");
  });

  it("keeps what is done before the rest of the script has come", async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route("**/t/k.json?*", async (route) => {
      await released;
      await route.continue();
    });
    await page.goto(`${site.origin}/long`);
    await waitFor("page");
    await page.click("#out");
    release();
    expect((await waitFor("click"))["properties"]).toMatchObject({ link_id: "out" });
    await page.click("#out");
    await waitFor("click", 2);
    expect(named("click")).toHaveLength(2);
  });

  it("keeps a click after much scrolling until the rest of the script has come", async () => {
    await page.route("**/t/k.json?*", async (route) => {
      await released;
      await route.continue();
    });
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.goto(`${site.origin}/long`);
    await waitFor("page");
    await page.evaluate(`new Promise((resolve) => {
      let frames = 0;
      const move = () => {
        scrollTo(0, ++frames % 2);
        if (frames < 150) requestAnimationFrame(move);
        else resolve();
      };
      move();
    })`);
    await page.click("#out");
    release();
    expect((await waitFor("click"))["properties"]).toMatchObject({ link_id: "out" });
  });

  it("hands an unjudged click over when the page is left, by its link and the tags around it", async () => {
    await page.route("**/t/k.json?*", () => undefined);
    await page.goto(`${site.origin}/leave`);
    await waitFor("page");
    await page.click("#on");
    const handed = await waitFor("click");
    expect(handed).toMatchObject({ type: "click", event: true });
    expect(pageOf(handed)).toMatchObject({ path: "/leave" });
    expect(handed["properties"]).toBe('<html></html><body></body><a id="on" href="/leave">On</a>');
    await page.waitForURL("**/leave");
    await page.evaluate("document.body.dispatchEvent(new Event('click', { bubbles: true }))");
    await page.goto(`${site.origin}/next`);
    await waitFor("page", 3);
    expect(named("click")).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it("goes on alone where its settings cannot be loaded", async () => {
    await page.route("**/t/k.json?*", (route) => route.abort());
    await page.goto(`${site.origin}/layer`);
    await waitFor("page");
    await waitFor("view_item");
    await page.evaluate("clicktrail.track('by_hand')");
    await waitFor("by_hand");
    expect(errors).toEqual([]);
  });

  it("turns the data layer into events, what was there and what comes", async () => {
    await page.goto(`${site.origin}/layer`);
    expect((await waitFor("view_item"))["properties"]).toEqual({ value: 5 });
    await page.evaluate("dataLayer.push({event: 'purchase', ecommerce: {transaction_id: 'T1'}})");
    expect((await waitFor("purchase"))["properties"]).toEqual({ transaction_id: "T1" });
    expect(await page.evaluate("dataLayer.length")).toBe(3);
  });
});
