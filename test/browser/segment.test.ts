import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  API_KEY,
  callApi,
  disposeService,
  type RunningService,
  startService,
  waitUntilSettled,
} from "../support/service.ts";
import { type SegmentSite, snippet, startSegmentSite } from "./segment-page.ts";
import { AS_A_PERSON, closeContext, hasChromium, launchChromium } from "./support.ts";

interface StoredEvent {
  readonly type: string;
  readonly name: string;
  readonly user_id: string | null;
  readonly anonymous_id: string | null;
  readonly click_id: string | null;
  readonly url: string | null;
  readonly properties: Record<string, unknown>;
}

describe.runIf(hasChromium)("Segment's snippet, loading from the service", () => {
  let service: RunningService;
  let site: SegmentSite;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let key = "";
  const pages: Record<string, string> = {};
  const errors: string[] = [];

  beforeAll(async () => {
    service = await startService({ env: { CLICK_PARAM: "ref_id" } });
    site = await startSegmentSite(() => pages);
    const shop = { name: "Shop", hosts: [site.host] };
    key = (await callApi<{ write_key: string }>(service, "POST", "/v1/sites", shop)).write_key;
    browser = await launchChromium(AS_A_PERSON);
  });
  afterAll(async () => {
    await browser.close();
    site.stop();
    await disposeService(service);
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    errors.length = 0;
    page.on("pageerror", (error) => errors.push(error.message));
  });
  afterEach(() => closeContext(context));

  /** Serves a page with the snippet and these first calls. */
  function serve(path: string, calls: string, more: object = {}): string {
    pages[path] = snippet({ service: service.url, key, calls, ...more });
    return site.origin + path;
  }

  async function stored(): Promise<StoredEvent[]> {
    await waitUntilSettled(service);
    const headers = { authorization: `Bearer ${API_KEY}` };
    const answer = await fetch(`${service.url}/v1/export/events`, { headers });
    const lines = (await answer.text()).split("\n").filter((line) => line !== "");
    return lines.map((line): StoredEvent => JSON.parse(line));
  }

  async function waitFor(name: string): Promise<StoredEvent> {
    let found: StoredEvent | undefined;
    await expect
      .poll(
        async () => {
          found = (await stored()).find((event) => event.name === name);
          return found !== undefined;
        },
        { timeout: 15_000, interval: 200 },
      )
      .toBe(true);
    if (!found) throw new Error(`no ${name}`);
    return found;
  }

  async function waitForPage(path: string): Promise<void> {
    const isThere = async () =>
      (await stored()).some(({ type, url }) => type === "page" && url === site.origin + path);
    await expect.poll(isThere, { timeout: 15_000, interval: 200 }).toBe(true);
  }

  it("sends the calls that waited, and nothing that was not called for", async () => {
    const calls = `
      analytics.identify("u-1", { plan: "pro" });
      analytics.page();
      analytics.track("Demo Booked", { seats: 3 });
      analytics.group("g-1", { name: "Acme" });
      analytics.page("Docs", "Start", { depth: 2 });
      analytics.track("Signed Up", { via: "form" }, { context: { ip: "0.0.0.0" } }, function () {
        window.told = true;
      });`;
    await page.goto(`${serve("/queued", calls)}?ref_id=Click1`);
    const first = await waitFor("demo_booked");
    expect(first).toMatchObject({ type: "track", user_id: "u-1", click_id: "Click1" });
    expect(first.properties).toMatchObject({ seats: 3 });
    expect((await waitFor("sign_up")).properties).toMatchObject({ via: "form" });
    await page.evaluate("scrollTo(0, 5000)");
    await page.goto(`${site.origin}/next`);
    const mine = (await stored()).filter(({ url }) => url?.includes("/queued"));
    expect(mine.map(({ type }) => type).sort()).toEqual(
      ["group", "identify", "page", "page", "track", "track"].sort(),
    );
    expect(new Set(mine.map((event) => event.anonymous_id)).size).toBe(1);
    expect(mine.every((event) => event.user_id === "u-1")).toBe(true);
    expect(mine.every(({ url }) => !url?.includes("ref_id"))).toBe(true);
    expect(errors).toEqual([]);
  });

  it("goes on with calls that are made later, also through an array that was kept", async () => {
    await page.goto(serve("/later", "window.kept = analytics; analytics.page();"));
    await page.waitForFunction("analytics.initialized");
    await page.evaluate(`analytics.track("Later One", { a: 1 })`);
    await page.evaluate(`kept.push(["track", "Later Two"])`);
    await page.evaluate(`analytics.screen("Home"); analytics.alias("u-2", "u-1")`);
    await waitFor("later_one");
    await waitFor("later_two");
    const types = async () =>
      (await stored()).filter(({ url }) => url?.includes("/later")).map(({ type }) => type);
    await expect.poll(types, { timeout: 15_000 }).toContain("alias");
    expect(await types()).toContain("screen");
    const told = await page.evaluate(`new Promise((resolve) => {
      const heard = [];
      analytics.once("track", (name, properties) => heard.push([name, properties.b]));
      analytics.track("Heard", { b: 2 }, () => resolve(heard));
      analytics.track("Not heard");
    })`);
    expect(told).toEqual([["Heard", 2]]);
    expect(errors).toEqual([]);
  });

  it("works under another name, with the stubs of version 4", async () => {
    const calls = `analytics.page(); analytics.track("Old Stub");`;
    await page.goto(serve("/named", calls, { globalName: "shopAnalytics", notesPage: false }));
    await waitFor("old_stub");
    expect(await page.evaluate("typeof shopAnalytics.user().anonymousId()")).toBe("string");
    expect(await page.evaluate("window.analytics")).toBeUndefined();
  });

  it("keeps the visitor whom Segment's own library knew", async () => {
    await context.addCookies([{ name: "ajs_anonymous_id", value: "anon-7", url: site.origin }]);
    await page.goto(serve("/known", `analytics.track("Came Back");`));
    expect((await waitFor("came_back")).anonymous_id).toBe("anon-7");
  });

  it("lets the page change calls, or keep them back, before they are sent", async () => {
    const calls = `
      analytics.addSourceMiddleware(function (step) {
        if (step.payload.obj.event === "Private Thing") return;
        if (step.payload.obj.properties) delete step.payload.obj.properties.phone;
        step.next(step.payload);
      });
      analytics.track("Private Thing");
      analytics.track("Called Us", { phone: "555-0100", topic: "price" });`;
    await page.goto(serve("/middleware", calls));
    expect((await waitFor("called_us")).properties).toEqual(
      expect.objectContaining({ topic: "price" }),
    );
    const all = await stored();
    expect(all.some(({ name }) => name === "private_thing")).toBe(false);
    expect(JSON.stringify(all)).not.toContain("555-0100");
  });

  it("gets a click out that leads away, by trackLink", async () => {
    const calls = `addEventListener("DOMContentLoaded", function () {
      analytics.trackLink(document.getElementById("on"), "Left By Link", { to: "next" });
    });`;
    await page.goto(serve("/link", calls));
    await page.waitForFunction("analytics.initialized && clicktrail.track");
    await page.click("#on");
    await page.waitForURL("**/next");
    expect((await waitFor("left_by_link")).properties).toMatchObject({ to: "next" });
  });

  it("keeps calls over a page load while the service is away, and the next page sends them", async () => {
    const next = serve("/after", "");
    await page.goto(serve("/before", "analytics.page();"));
    await page.waitForFunction("analytics.initialized && clicktrail.track");
    await waitForPage("/before");
    await page.route("**/v1/b?*", (route) => route.abort());
    const refused = page.waitForEvent("requestfailed", (request) =>
      request.url().includes("/v1/b"),
    );
    await page.evaluate(`analytics.group("g-2", { name: "Away" })`);
    await page.evaluate(`analytics.track("While Away", { a: 1 }, { context: { locale: "de" } })`);
    await refused;
    await page.evaluate(`analytics.alias("u-3", "u-2")`);
    await page.goto(`${site.origin}/next`);
    await page.unroute("**/v1/b?*");
    await page.goto(next);
    const away = await waitFor("while_away");
    expect(away.url).toBe(`${site.origin}/before`);
    const mine = async () =>
      (await stored()).filter(({ url }) => url?.endsWith("/before")).map(({ type }) => type);
    await expect
      .poll(mine, { timeout: 15_000 })
      .toEqual(expect.arrayContaining(["group", "alias"]));
    expect((await mine()).sort()).toEqual(["alias", "group", "page", "track"]);
  });

  it("loses no call of a page that is left before our script has come", async () => {
    await page.route("**/t.js", () => undefined);
    const calls = `analytics.identify("u-8"); analytics.track("First Early");`;
    await page.goto(`${serve("/early", calls)}?ref_id=Click8`, { waitUntil: "commit" });
    await page.waitForFunction("analytics.initialized");
    await page.evaluate(
      `analytics.reset(); analytics.track("Then Early"); location.href = "/next"`,
    );
    await page.waitForURL("**/next");
    const first = await waitFor("first_early");
    expect(first).toMatchObject({ user_id: "u-8", click_id: "Click8" });
    const then = await waitFor("then_early");
    expect(then.user_id).toBeNull();
    expect(then.anonymous_id).not.toBe(first.anonymous_id);
  });

  it("tells of a key that is not known, in the console", async () => {
    const answer = await fetch(`${service.url}/analytics.js/v1/nobody/analytics.min.js`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      401,
      "application/problem+json; charset=utf-8",
    ]);
  });
});
