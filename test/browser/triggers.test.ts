import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callApi, type RunningService } from "../support/service.ts";
import * as journeys from "./journeys.ts";
import { SOON } from "./journeys.ts";
import { startOperatedSite } from "./operated-site.ts";
import type { ServiceSite } from "./service-site.ts";
import { closeContext, hasChromium } from "./support.ts";

describe.runIf(hasChromium)("triggers made without code", () => {
  let service: RunningService;
  let site: ServiceSite;
  let siteId: string;
  let browser: Browser;
  let context: BrowserContext;
  let visit: Page;
  let operator: BrowserContext;
  let stop: () => Promise<void>;
  const complaints: string[] = [];

  beforeAll(async () => {
    ({ service, site, browser, operator, stop } = await startOperatedSite());
  });
  afterAll(() => stop());

  beforeEach(async () => {
    const made = await callApi<{ id: string; write_key: string }>(service, "POST", "/v1/sites", {
      name: "Shop",
      hosts: [site.host],
    });
    siteId = made.id;
    site.writeKey = made.write_key;
    context = await browser.newContext();
    visit = await context.newPage();
    complaints.length = 0;
    visit.on("pageerror", (error) => complaints.push(error.message));
    visit.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
  });
  afterEach(() => closeContext(context));

  const addTrigger = (trigger: object) =>
    callApi<{ id: string }>(service, "POST", `/v1/sites/${siteId}/triggers`, trigger);
  const publish = () => callApi(service, "POST", `/v1/sites/${siteId}/versions`, {});
  const switchTo = (collects: string) =>
    callApi(service, "PATCH", `/v1/sites/${siteId}`, { collects });

  /** Opens a page of the site as a visitor whose events can be found again. */
  async function open(path: string, userId: string): Promise<void> {
    await visit.goto(site.origin + path);
    await expect.poll(() => visit.evaluate("Boolean(window.clicktrail)"), SOON).toBe(true);
    await visit.evaluate(`clicktrail.identify(${JSON.stringify(userId)})`);
  }

  /** Waits until the script has loaded the triggers: they replace the list's own push. */
  const triggersLoaded = () =>
    expect
      .poll(
        () =>
          visit.evaluate(
            "performance.getEntriesByType('resource').some(({name, responseEnd}) => /t\\.more/.test(name) && responseEnd > 0)",
          ),
        SOON,
      )
      .toBe(true);

  const journeyOf = (userId: string) => journeys.journeyOf(service, userId);
  const arrived = (userId: string, name: string) => journeys.arrived(service, userId, name);

  it("with the mouse: composed on the page, published, and firing on the site", async () => {
    const page = await operator.newPage();
    await page.goto(`${service.url}/sites`);
    await page.locator(`a[href="/sites/${siteId}"]`).click();
    await page.getByRole("link", { name: "New trigger" }).click();
    await page.getByRole("link", { name: /^Click/ }).click();
    await page.getByLabel("Name of the trigger").fill("Demo asked for");
    await page.getByLabel("On the element").fill("#demo");
    const condition = page.getByRole("group", { name: "Condition 1" });
    await condition.getByLabel("Variable").selectOption("page path");
    await condition.getByLabel("Comparison").selectOption("starts with");
    await condition.getByLabel("Value").fill("/prices");
    await page.getByLabel("Event", { exact: true }).fill("generate_lead");
    const fixed = [
      ["value", "49.90", "number"],
      ["currency", "EUR", "text"],
    ] as const;
    for (const [index, [name, value, type]] of fixed.entries()) {
      const row = page.getByRole("group", { name: `Parameter ${index + 1}` });
      await row.getByLabel("Name", { exact: true }).fill(name);
      await row.getByLabel("Value").fill(value);
      await row.getByLabel("Type").selectOption(type);
      await page.getByRole("button", { name: "Add a parameter" }).click();
    }
    const row = page.getByRole("group", { name: "Parameter 3" });
    await row.getByLabel("Name", { exact: true }).fill("plan");
    await row.getByLabel("Taken from").selectOption("URL parameter …");
    await row.getByLabel("Value").fill("plan");
    await page.getByRole("button", { name: "Save to the draft" }).click();
    await page.getByText("click on #demo").waitFor();
    await page.getByLabel("What changed").fill("Leads");
    await page.getByRole("button", { name: "Publish the draft" }).click();
    await page.getByText("The site runs version 1").waitFor();

    await open("/prices?plan=pro", "mouse-1");
    await triggersLoaded();
    await visit.getByText("Something else").click();
    await visit.getByText("Ask for a demo").click();
    await visit.getByText("Thank you").waitFor();
    const lead = await arrived("mouse-1", "generate_lead");
    expect(lead).toMatchObject({
      path: "/prices",
      value_minor: 4990,
      currency: "EUR",
      properties: { value: 49.9, plan: "pro" },
    });
    const leads = (await journeyOf("mouse-1")).filter(({ name }) => name === "generate_lead");
    expect(leads).toHaveLength(1);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("with the keyboard alone", async () => {
    const page = await operator.newPage();
    await page.goto(`${service.url}/sites/${siteId}`);
    /** Presses Tab until the focus is on the element whose label or text this is. */
    const tabTo = async (label: string): Promise<void> => {
      for (let presses = 0; presses < 80; presses++) {
        await page.keyboard.press("Tab");
        const name = await page.evaluate(
          `(({ activeElement: e }) => e.getAttribute("aria-label") ?? (e.labels?.[0] ?? e).innerText)(document)`,
        );
        if (String(name).trim().startsWith(label)) return;
      }
      throw new Error(`Tab never came to "${label}".`);
    };
    await tabTo("New trigger");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/triggers/new");
    await tabTo("Page view");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/new?type=page_view");
    await tabTo("Name of the trigger");
    await page.keyboard.type("Prices read");
    await tabTo("Variable");
    await page.keyboard.type("page path");
    await tabTo("Comparison");
    await page.keyboard.type("ends with");
    await tabTo("Value");
    await page.keyboard.type("/prices");
    await tabTo("Event");
    await page.keyboard.type("prices_read");
    // Saves, although the first button that is seen adds a row.
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/sites/${siteId}`);
    await tabTo("What changed");
    await page.keyboard.press("Enter");
    await page.getByText("The site runs version 1").waitFor();

    await open("/thanks", "keys-1");
    await open("/prices", "keys-1");
    expect(await arrived("keys-1", "prices_read")).toMatchObject({ path: "/prices" });
    expect((await journeyOf("keys-1")).filter(({ name }) => name === "prices_read")).toHaveLength(
      1,
    );
    await page.close();
  });

  it("of every type, each once and under its condition", async () => {
    const types: Record<string, object> = {
      page: { on: { type: "page_view" } },
      clicked: { on: { type: "click", selector: "h1" } },
      joined: {
        on: { type: "form_submit", selector: "#newsletter" },
        parameters: [
          { name: "email", variable: "field.email" },
          { name: "secret", variable: "field.secret" },
        ],
      },
      half: { on: { type: "scroll", percent: 50 } },
      deep: { on: { type: "element_visible", selector: "#deep" } },
      waited: { on: { type: "timer", seconds: 1 } },
      moved: { on: { type: "history_change" } },
      quoted: {
        on: { type: "data_layer_event", name: "quote" },
        conditions: [{ variable: "layer.ecommerce.value", operator: "greater_than", value: 10 }],
        parameters: [
          { name: "value", type: "number", variable: "layer.ecommerce.value" },
          { name: "currency", value: "USD" },
          { name: "items", type: "items", variable: "layer.ecommerce.items" },
          { name: "vip", type: "boolean", variable: "layer.vip" },
        ],
      },
      downloaded: {
        on: { type: "file_download" },
        conditions: [{ variable: "file_extension", operator: "equals", value: "PDF" }],
      },
      failed: {
        on: { type: "js_error" },
        parameters: [{ name: "message", variable: "error_message" }],
      },
      never: {
        on: { type: "page_view" },
        conditions: [{ variable: "page_path", operator: "not_contains", value: "all" }],
      },
      broken: { on: { type: "click", selector: "h1:nope(" + ")" } },
    };
    for (const [event, trigger] of Object.entries(types)) {
      await addTrigger({ name: event, event: `t_${event}`, ...trigger });
    }
    await publish();
    await open("/all", "types-1");
    await triggersLoaded();
    await visit.locator("h1").click();
    await visit.evaluate(
      "window.dataLayer = []; dispatchEvent(new Event('pageshow')); dataLayer.push({event: 'quote', ecommerce: {value: 5}})",
    );
    await visit.evaluate(
      "dataLayer.push({event: 'quote', vip: 'yes', ecommerce: {value: '49.5', items: [{item_id: 'a'}]}})",
    );
    await visit.evaluate("setTimeout(() => { throw new Error('Oops') })");
    await visit.locator("#list").click();
    await visit.mouse.wheel(0, 100_000);
    await arrived("types-1", "t_deep");
    await arrived("types-1", "t_waited");
    await visit.evaluate("history.pushState(null, '', '/all/more')");
    await arrived("types-1", "t_moved");
    await visit.fill("[name=email]", "ana@example.com");
    await visit.fill("[name=secret]", "hunter2");
    await visit.click("#newsletter button");
    const joined = await arrived("types-1", "t_joined");
    expect(joined.properties["email"]).toBe("ana@example.com");
    expect(JSON.stringify(await journeyOf("types-1"))).not.toContain("hunter2");

    const quoted = await arrived("types-1", "t_quoted");
    expect(quoted).toMatchObject({ value_minor: 4950, currency: "USD" });
    expect(quoted.properties).toMatchObject({ value: 49.5, items: [{ item_id: "a" }], vip: true });
    const failed = await arrived("types-1", "t_failed");
    expect(failed.properties["message"]).toContain("Oops");
    const counts: Record<string, number> = {};
    for (const { name, path } of await journeyOf("types-1")) {
      if (path?.startsWith("/all")) counts[name] = (counts[name] ?? 0) + 1;
    }
    // The page view of /all, that of /all/more by history; the rest happened once.
    expect(counts).toMatchObject({
      t_page: 2,
      t_clicked: 1,
      t_half: 1,
      t_quoted: 1,
      t_downloaded: 1,
    });
    expect(Object.keys(counts)).not.toContain("t_never");
    expect(Object.keys(counts)).not.toContain("t_broken");
  });

  it("on a video of the page: its start, half of it and its end, each once and under its condition", async () => {
    const watched = (event: string, progress: string, title = "Tour") => ({
      name: event,
      event,
      on: { type: "video", progress },
      conditions: [{ variable: "video_title", operator: "equals", value: title }],
      parameters: [
        { name: "percent", type: "number", variable: "video_percent" },
        { name: "seconds", type: "number", variable: "video_duration" },
        { name: "file", variable: "video_url" },
      ],
    });
    await addTrigger(watched("tour_begun", "start"));
    await addTrigger(watched("tour_half_seen", "50"));
    await addTrigger(watched("tour_seen", "complete"));
    await addTrigger(watched("other_seen", "complete", "Another film"));
    await publish();
    await open("/all", "video-1");
    await triggersLoaded();
    const play = "document.querySelector('video').play()";
    await visit.evaluate(play);
    const seen = await arrived("video-1", "tour_seen");
    const file = `${site.origin}/tone.wav`;
    expect(seen.properties).toEqual({ percent: 100, seconds: 2, file });
    expect((await arrived("video-1", "tour_half_seen")).properties["percent"]).toBe(50);
    expect((await arrived("video-1", "tour_begun")).properties["percent"]).toBe(0);
    // Played again: it has happened on this page.
    await visit.evaluate(play);
    await expect
      .poll(() => visit.evaluate("document.querySelector('video').ended"), SOON)
      .toBe(true);
    await visit.evaluate("clicktrail.track('over')");
    await arrived("video-1", "over");
    const names = (await journeyOf("video-1")).map(({ name }) => name);
    const triggered = names.filter((name) => /_begun$|_seen$/.test(name));
    expect(triggered.sort()).toEqual(["tour_begun", "tour_half_seen", "tour_seen"]);
    expect(names.filter((name) => name === "video_progress")).toHaveLength(4);
  });

  it("previewed on the site: what fired, why something did not, and nothing sent", async () => {
    await addTrigger({
      name: "Demo asked for",
      on: { type: "click", selector: "#demo" },
      event: "generate_lead",
    });
    await addTrigger({
      name: "Pro only",
      on: { type: "page_view" },
      conditions: [{ variable: "query.plan", operator: "equals", value: "pro" }],
      event: "pro_seen",
    });
    const page = await operator.newPage();
    await page.goto(`${service.url}/sites/${siteId}`);
    await page.getByRole("textbox", { name: /^Page/ }).fill(`${site.origin}/prices?plan=basic`);
    await page.getByRole("button", { name: "Make a preview link" }).click();
    const link = await page.locator("#preview-link").getAttribute("href");

    const sent: string[] = [];
    visit.on("request", (request) => {
      if (request.url().includes("/v1/b")) sent.push(request.postData() ?? "");
    });
    await visit.goto(link ?? "");
    const panel = visit.locator("clicktrail-preview");
    await panel.getByText("clicktrail preview").waitFor();
    expect(visit.url()).toBe(`${site.origin}/prices?plan=basic`);
    await panel.getByText("did not fire: query.plan is “pro” – it was “basic”").waitFor();
    await visit.evaluate(
      "document.querySelector('#demo').addEventListener('click', (event) => event.preventDefault())",
    );
    await visit.getByText("Ask for a demo").click();
    await panel.locator("li.fired", { hasText: "Demo asked for" }).waitFor();
    await panel.locator("li", { hasText: "generate_lead" }).waitFor();
    // The next page of the same tab is previewed too.
    await visit.goto(`${site.origin}/prices?plan=pro`);
    await panel.locator("li.fired", { hasText: "Pro only" }).waitFor();
    await panel.getByRole("button", { name: "End" }).click();
    await panel.waitFor({ state: "detached" });
    expect(sent.filter((body) => !body.includes('"type":"page"'))).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("rolled back on the page: what the earlier version had fires again, and nothing else", async () => {
    const onPage = (event: string) => addTrigger({ name: event, on: { type: "page_view" }, event });
    const { id } = await onPage("first_seen");
    await publish();
    await callApi(service, "PATCH", `/v1/sites/${siteId}/triggers/${id}`, { enabled: false });
    await onPage("second_seen");
    await publish();
    await open("/shop", "back-1");
    await arrived("back-1", "second_seen");
    const page = await operator.newPage();
    await page.goto(`${service.url}/sites/${siteId}`);
    await page.getByRole("button", { name: "Roll back to version 1" }).click();
    await page.getByText("The site runs version 3").waitFor();
    await page.close();
    await open("/thanks", "back-1");
    await arrived("back-1", "first_seen");
    const names = (await journeyOf("back-1")).map(({ name, path }) => `${name} on ${path}`);
    expect(names.filter((name) => name.includes("_seen")).sort()).toEqual([
      "first_seen on /thanks",
      "second_seen on /shop",
    ]);
  });

  it("stopped by the switch: page views alone, then nothing, then everything again", async () => {
    await addTrigger({ name: "Any click", on: { type: "click" }, event: "any_click" });
    await publish();
    const sent: string[] = [];
    visit.on("request", (request) => {
      if (!request.url().includes("/v1/b")) return;
      const { batch } = JSON.parse(request.postData() ?? "{}");
      for (const { type, event } of batch) sent.push(event ?? type);
    });
    const count = (name: string) => sent.filter((one) => one === name).length;
    /** A page that is opened now, with the settings it got; then something on it is clicked. */
    const clickOnPage = async (): Promise<void> => {
      const answered = visit.waitForResponse(/\/t\/[\w-]+\.json/);
      await visit.goto(`${site.origin}/prices`);
      const settings = await (await answered).json();
      if (settings.only === undefined) await triggersLoaded();
      await visit.locator("p").first().click();
      await visit.evaluate("clicktrail.page({ last: true })");
    };
    await clickOnPage();
    await expect.poll(() => [count("page"), count("any_click")], SOON).toEqual([2, 1]);
    await switchTo("page_views");
    await clickOnPage();
    await expect.poll(() => count("page"), SOON).toBe(4);
    await switchTo("nothing");
    await clickOnPage();
    await switchTo("everything");
    await clickOnPage();
    await expect.poll(() => count("any_click"), SOON).toBe(2);
    // Of the stopped page at most the view that came before the answer.
    expect(count("page")).toBeLessThanOrEqual(7);
  });

  it("beside a data layer of GA4 e-commerce alone: all of it arrives typed, with revenue", async () => {
    await open("/shop", "ga4-1");
    const items = [{ item_id: "SKU1", item_name: "Boots", price: 49.9, quantity: 2 }];
    const money = { currency: "EUR", value: 99.8, items };
    const events = {
      view_item_list: { item_list_id: "sale", items },
      select_item: { item_list_id: "sale", items },
      view_item: money,
      add_to_cart: money,
      view_cart: money,
      begin_checkout: { ...money, coupon: "SPRING" },
      add_shipping_info: { ...money, shipping_tier: "Ground" },
      add_payment_info: { ...money, payment_type: "Card" },
      purchase: { ...money, transaction_id: "T-1", tax: 15.9, shipping: 4.9 },
      refund: { currency: "EUR", value: 49.9, transaction_id: "T-1" },
    };
    await visit.evaluate(
      "window.dataLayer = [{'gtm.start': 1, event: 'gtm.js'}]; dispatchEvent(new Event('pageshow'))",
    );
    for (const [event, ecommerce] of Object.entries(events)) {
      await visit.evaluate(
        `dataLayer.push({ ecommerce: null }, ${JSON.stringify({ event, ecommerce })})`,
      );
    }
    await arrived("ga4-1", "refund");
    const entries = (await journeyOf("ga4-1")).filter(({ name }) => name in events);
    expect(entries.map(({ name }) => name).sort()).toEqual(Object.keys(events).sort());
    const purchase = await arrived("ga4-1", "purchase");
    expect(purchase).toMatchObject({ value_minor: 9980, currency: "EUR" });
    expect(purchase.properties).toEqual(events.purchase);
    expect(await arrived("ga4-1", "refund")).toMatchObject({ value_minor: 4990, currency: "EUR" });
  });

  it("under the site's own host, behind a proxy, with a policy of 'self' alone", async () => {
    await addTrigger({ name: "Own", on: { type: "page_view" }, event: "own_seen" });
    await publish();
    await open("/own/page", "own-1");
    expect(await arrived("own-1", "own_seen")).toMatchObject({ path: "/own/page" });
    const hosts = await visit.evaluate(
      "performance.getEntriesByType('resource').map(({ name }) => new URL(name).host)",
    );
    expect(new Set(hosts as string[])).toEqual(new Set([site.host]));
    expect(complaints).toEqual([]);
  });

  describe("clicked at before the settings have come, on a page that is left at once", () => {
    const hold = () => visit.route(/\/t\/[\w-]+\.json/, () => undefined);

    it("a link within the site: its trigger fires", async () => {
      await addTrigger({
        name: "Demo asked for",
        on: { type: "click", selector: "body > a.cta" },
        conditions: [{ variable: "page_path", operator: "equals", value: "/prices" }],
        event: "demo_asked",
        parameters: [{ name: "text", variable: "element_text" }],
      });
      await addTrigger({
        name: "Elsewhere",
        on: { type: "click", selector: ".shops a" },
        event: "shop_seen",
      });
      await publish();
      await hold();
      await open("/prices", "early-1");
      await visit.locator("#demo b").click();
      await visit.getByText("Thank you").waitFor();
      expect(await arrived("early-1", "demo_asked")).toMatchObject({
        path: "/prices",
        properties: { text: "Ask for a demo" },
      });
      const names = (await journeyOf("early-1")).map(({ name }) => name);
      expect(names.filter((name) => /^(demo_asked|shop_seen|click)$/.test(name))).toEqual([
        "demo_asked",
      ]);
    });

    it("a link that leads away: it is an outbound click, and its trigger fires", async () => {
      await addTrigger({
        name: "Elsewhere",
        on: { type: "click", selector: ".shops a" },
        event: "shop_seen",
      });
      await publish();
      await hold();
      await visit.route("https://other.test/**", (route) => route.fulfill({ body: "Other" }));
      await open("/prices", "early-2");
      await visit.locator("#away").click();
      await visit.waitForURL("https://other.test/shop");
      await arrived("early-2", "shop_seen");
      expect((await arrived("early-2", "click")).properties).toEqual({
        outbound: true,
        link_domain: "other.test",
        link_url: "https://other.test/shop",
        link_id: "away",
        link_classes: "",
        link_text: "Other shop",
      });
    });

    it("or an error of the page, once they have come", async () => {
      await addTrigger({ name: "Broken", on: { type: "js_error" }, event: "page_broke" });
      await publish();
      let release = (): void => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      await visit.route(/\/t\/[\w-]+\.json/, (route) => released.then(() => route.continue()));
      await open("/prices", "early-4");
      await visit.evaluate("setTimeout(() => { throw new Error('Oops') })");
      await expect.poll(() => complaints, SOON).toEqual(["Oops"]);
      release();
      await arrived("early-4", "page_broke");
    });

    it("and nothing where the switch says so", async () => {
      await hold();
      await open("/prices", "early-3");
      await switchTo("page_views");
      await visit.route("https://other.test/**", (route) => route.fulfill({ body: "Other" }));
      await visit.locator("#away").click();
      await visit.waitForURL("https://other.test/shop");
      await open("/shop", "early-3");
      await visit.evaluate("clicktrail.track('over')");
      await arrived("early-3", "over");
      const names = (await journeyOf("early-3")).map(({ name }) => name);
      expect(names).not.toContain("click");
    });
  });

  it("or without JavaScript: page views by the pixel, one each", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto(`${site.origin}/plain-one`, { waitUntil: "load" });
    await page.goto(`${site.origin}/plain-two`, { waitUntil: "load" });
    await plain.close();
    const live = await operator.newPage();
    await expect
      .poll(async () => {
        await live.goto(service.url);
        const text = await live.locator("main").innerText();
        return ["/plain-one", "/plain-two"].filter((path) => text.includes(path)).length;
      }, SOON)
      .toBe(2);
    await live.close();
  });
});
