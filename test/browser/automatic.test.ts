import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { objectOf } from "../../src/collect/json-object.ts";
import { closeContext, hasChromium, launchChromium } from "./support.ts";
import { type SentCall, startTestSite, type TestSite } from "./test-site.ts";

/** YouTube's player as far as its messages go: it answers nothing until it is asked, then in pieces. */
const YOUTUBE = `<script>
  addEventListener("message", ({ data, source }) => {
    if (JSON.parse(data).event !== "listening") return;
    const tell = (event, info) => source.postMessage(JSON.stringify({ event, info }), "*");
    tell("initialDelivery", { duration: 100, videoData: { title: "Film" }, videoUrl: "https://youtu.be/x1" });
    tell("onStateChange", 1);
    for (const currentTime of [1, 12, 30, 55, 80]) tell("infoDelivery", { currentTime, playerState: 1 });
    tell("onStateChange", 0);
    tell("infoDelivery", { playerState: 0 });
  }, { once: true });
</script>`;

/** Vimeo's. */
const VIMEO = `<script>
  const wanted = new Set();
  addEventListener("message", ({ data, source }) => {
    if (data.method !== "addEventListener") return;
    wanted.add(data.value);
    if (wanted.size < 3) return;
    const tell = (event, seconds) => source.postMessage(JSON.stringify(
      { event, data: { seconds, percent: seconds / 40, duration: 40 } }), "*");
    tell("play", 0);
    for (const seconds of [5, 11, 21, 31]) tell("timeupdate", seconds);
    tell("ended", 40);
  });
</script>`;

describe.runIf(hasChromium)("what the script sends by itself", () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let site: TestSite;
  const errors: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium(["--autoplay-policy=no-user-gesture-required"]);
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
    expect(errors).toEqual([]);
  });

  const propertiesOf = (call: SentCall) => objectOf(call["properties"]);
  const pathOf = (call: SentCall) => objectOf(objectOf(call["context"])["page"])["path"];
  /** Not waitForFunction: it evaluates text in the page, which the site's policy forbids. */
  const isTrue = (expression: string) =>
    expect.poll(() => page.evaluate(expression), { timeout: 10_000 }).toBe(true);
  const percents = () =>
    site.named("video_progress").map((call) => propertiesOf(call)["video_percent"]);

  it.each([
    ["?q=red+shoes", "red shoes"],
    ["?keyword=a&search=b", "b"],
  ])("view_search_results, once, with what was searched for: %s", async (query, searched) => {
    await page.goto(`${site.origin}/find${query}`);
    expect(propertiesOf(await site.waitFor("view_search_results"))).toEqual({
      search_term: searched,
    });
    await page.goto(`${site.origin}/next`);
    await site.waitFor("page", 2);
    expect(site.named("view_search_results")).toHaveLength(1);
  });

  it("no link within the site, and no form that the page keeps back", async () => {
    await page.goto(`${site.origin}/form`);
    await site.waitFor("page");
    await isTrue(
      "performance.getEntriesByType('resource').some(({ name }) => /t\\.more/.test(name))",
    );
    await page.evaluate(`
      document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
      document.body.insertAdjacentHTML("beforeend", '<a id="on" href="/next">On</a>')`);
    await page.click("button");
    await site.waitFor("form_start");
    await page.click("#on");
    await site.waitFor("page", 2);
    expect([...site.named("form_submit"), ...site.named("click")]).toEqual([]);
  });

  it("user_engagement: how long the page was visible and had the focus", async () => {
    const start = Date.parse("2026-01-05T10:00:00Z");
    await page.clock.install({ time: start });
    await page.goto(`${site.origin}/leave`);
    await isTrue("Boolean(window.clicktrail)");
    await page.clock.pauseAt(start + 3_600_000);
    await page.evaluate("history.pushState(null, '', '/fresh')");
    await page.clock.runFor(7000);
    await page.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))");
    await page.clock.runFor(60_000);
    await page.evaluate("document.hasFocus = () => true; dispatchEvent(new Event('focus'))");
    await page.clock.runFor(2000);
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    const engagedOn = (path: string) =>
      site.named("user_engagement").filter((call) => pathOf(call) === path);
    await expect.poll(() => engagedOn("/fresh").length, { timeout: 10_000 }).toBe(1);
    const [engaged] = engagedOn("/fresh");
    expect(engaged && propertiesOf(engaged)).toEqual({ engagement_time_msec: 9000 });
  });

  it("the progress of a video of the page", async () => {
    await page.goto(`${site.origin}/video`);
    await page.evaluate("document.querySelector('video').play()");
    expect(propertiesOf(await site.waitFor("video_start"))).toMatchObject({
      video_provider: "html5",
      video_title: "Tone",
      video_duration: 2,
      video_url: `${site.origin}/tone.wav`,
    });
    await site.waitFor("video_complete");
    expect(percents()).toEqual([10, 25, 50, 75]);
    expect(site.named("video_start")).toHaveLength(1);
  });

  it.each([
    ["YouTube", "/youtube", "https://www.youtube.com/**", YOUTUBE, "youtube", "Film", 100],
    ["Vimeo", "/vimeo", "https://player.vimeo.com/**", VIMEO, "vimeo", "Mountains", 40],
  ])(
    "the progress of a video of %s",
    async (_name, path, host, body, provider, title, duration) => {
      await page.route(host, (route) => route.fulfill({ contentType: "text/html", body }));
      await page.goto(site.origin + path);
      expect(propertiesOf(await site.waitFor("video_complete"))).toMatchObject({
        video_percent: 100,
        video_provider: provider,
        video_title: title,
        video_duration: duration,
      });
      expect(site.named("video_start")).toHaveLength(1);
      expect(site.named("video_complete")).toHaveLength(1);
      expect(percents()).toEqual([10, 25, 50, 75]);
    },
  );

  it("events of gtag, and of a data layer that is made after the script", async () => {
    await page.goto(`${site.origin}/late`);
    await site.waitFor("late_event");
    await page.evaluate(
      "(function gtag() { dataLayer.push(arguments); })('event', 'add_to_cart', {value: 9, currency: 'EUR'})",
    );
    expect(propertiesOf(await site.waitFor("add_to_cart"))).toEqual({ value: 9, currency: "EUR" });
  });

  it("what gtag was told before the script was there", async () => {
    await page.goto(`${site.origin}/gtag`);
    expect(propertiesOf(await site.waitFor("sign_up"))).toEqual({ method: "email" });
    await page.goto(`${site.origin}/next`);
    await site.waitFor("page", 2);
    const others = site.calls.filter(({ event }) => event && event !== "user_engagement");
    expect(others.map(({ event }) => event)).toEqual(["sign_up"]);
  });

  it("nothing at all where the tag says so, but for what the page calls", async () => {
    await page.goto(`${site.origin}/quiet`);
    await isTrue("Boolean(window.clicktrail)");
    await page.mouse.wheel(0, 1000);
    await page.evaluate("clicktrail.track('by_hand')");
    await site.waitFor("by_hand");
    await page.click("#on");
    await isTrue("location.search === '?again' && Boolean(window.clicktrail)");
    await page.evaluate("clicktrail.track('by_hand')");
    await site.waitFor("by_hand", 2);
    expect(site.calls).toHaveLength(2);
  });

  it("nothing before the visitor agrees by TCF, and nothing after who withdraws", async () => {
    await page.goto(`${site.origin}/tcf?jt=Click1`);
    await isTrue("Boolean(window.agree)");
    await page.evaluate("window.agree({ 1: true, 8: false })");
    expect(page.url()).toBe(`${site.origin}/tcf`);
    expect(await page.evaluate("[localStorage.length, sessionStorage.length]")).toEqual([0, 0]);
    expect(site.calls).toEqual([]);
    await page.evaluate("window.agree({ 1: true, 8: true })");
    expect(objectOf((await site.waitFor("page"))["context"])["click_id"]).toBe("Click1");
    await page.evaluate("window.agree({ 1: false }); clicktrail.track('too_late')");
    await page.goto(`${site.origin}/next`);
    await site.waitFor("page", 2);
    expect(site.named("too_late")).toEqual([]);
  });

  it("nothing before Google's consent mode allows it, then with what it says", async () => {
    await page.goto(`${site.origin}/google`);
    await isTrue("Boolean(window.dataLayer)");
    await page.evaluate("dataLayer.push({ event: 'while_denied' })");
    expect(site.calls).toEqual([]);
    await page.evaluate("gtag('consent', 'update', { analytics_storage: 'granted' })");
    await page.evaluate("dataLayer.push({ event: 'once_granted' })");
    const consentOf = (call: SentCall) => objectOf(call["context"])["consent"];
    const denied = { analytics_storage: "denied", ad_storage: "denied" };
    expect(consentOf(await site.waitFor("while_denied"))).toEqual(denied);
    expect(consentOf(await site.waitFor("once_granted"))).toEqual({
      ...denied,
      analytics_storage: "granted",
    });
  });

  it.each([
    ["Global Privacy Control", "globalPrivacyControl", true],
    ["Do Not Track", "doNotTrack", "1"],
  ])("no click of a visitor who sends %s, where the tag says so", async (_name, signal, value) => {
    await page.addInitScript(
      `navigator.__defineGetter__("${signal}", () => ${JSON.stringify(value)})`,
    );
    await page.goto(`${site.origin}/gpc?jt=Click1`);
    expect(objectOf((await site.waitFor("page"))["context"])["click_id"]).toBeUndefined();
    expect(page.url()).toBe(`${site.origin}/gpc`);
  });

  it("loses at most one in a hundred events that are made while the page is left", async () => {
    const pages = 100;
    await page.goto(`${site.origin}/leave`);
    for (let count = 0; count < pages; count++) {
      await isTrue("Boolean(window.clicktrail)");
      await Promise.all([
        page.waitForNavigation({ waitUntil: "commit" }),
        page.evaluate(
          `clicktrail.track("left", { count: ${count} }); document.querySelector("#on").click()`,
        ),
      ]);
    }
    const arrived = () => new Set(site.named("left").map((call) => call["messageId"])).size;
    await expect.poll(arrived, { timeout: 5000 }).toBeGreaterThanOrEqual(pages * 0.99);
    console.log(`left: ${arrived()} of ${pages} events arrived`);
  });
});
