import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi, type RunningService } from "../support/service.ts";
import { arrived, journeyOf, SOON } from "./journeys.ts";
import { startOperatedSite } from "./operated-site.ts";
import type { ServiceSite } from "./service-site.ts";
import { closeContext, hasChromium } from "./support.ts";

/** What somebody puts into the form of a trigger, by its labels. */
interface Kind {
  readonly kind: string;
  readonly event: string;
  /** The one thing that this kind has to be told. */
  readonly option?: readonly [label: string, value: string];
  readonly condition?: readonly [variable: string, comparison: string, value: string];
  /** Where it happens below, if not on `/all`. */
  readonly page?: string;
}

const KINDS: readonly Kind[] = [
  { kind: "Page view", event: "k_page", condition: ["page path", "ends with", "/all"] },
  { kind: "Click", event: "k_click_css", option: ["On the element", "h1"] },
  {
    kind: "Click",
    event: "k_click_text",
    condition: ["element text", "ends with", "Join"],
    page: "/elsewhere",
  },
  { kind: "Click", event: "k_click_href", condition: ["link url", "ends with", "/list.pdf"] },
  {
    kind: "Form submit",
    event: "k_form",
    option: ["Of the form", "#newsletter"],
    page: "/elsewhere",
  },
  { kind: "Scroll", event: "k_scroll", option: ["Percent of the page", "50"] },
  { kind: "Element visible", event: "k_visible", option: ["The element", "#deep"] },
  { kind: "Timer", event: "k_timer", option: ["Seconds", "1"] },
  { kind: "History change", event: "k_history", page: "/elsewhere" },
  { kind: "Data layer event", event: "k_layer", option: ["Name of the event", "quote"] },
  { kind: "File download", event: "k_download" },
  { kind: "Video", event: "k_video", option: ["Progress", "complete"] },
  { kind: "JavaScript error", event: "k_error" },
];

/** Does what a person does with a page of ours. */
interface Hand {
  press(page: Page, name: string): Promise<void>;
  put(page: Page, label: string, value: string): Promise<void>;
}

const MOUSE: Hand = {
  press: (page, name) => buttonOrLink(page, name).click(),
  async put(page, label, value) {
    const field = page.getByLabel(new RegExp(`^${label}`)).first();
    const isList = await field.evaluate(
      (element) => "options" in element && "selectedIndex" in element,
    );
    if (isList) await field.selectOption(value);
    else await field.fill(value);
  },
};

const KEYBOARD: Hand = {
  async press(page, name) {
    await tabTo(page, name);
    await page.keyboard.press("Enter");
  },
  async put(page, label, value) {
    await tabTo(page, label);
    await page.keyboard.type(value);
  },
};

function buttonOrLink(page: Page, name: string) {
  const named = { name: new RegExp(`^${name}`) };
  return page.getByRole("link", named).or(page.getByRole("button", named)).first();
}

/** Presses Tab until the focus is on the element whose label or text begins so. */
async function tabTo(page: Page, label: string): Promise<void> {
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(
      `(({ activeElement: e }) => e.getAttribute("aria-label") ?? (e.labels?.[0] ?? e).innerText)(document)`,
    );
    if (String(name).trim().startsWith(label)) return;
  }
  throw new Error(`Tab never came to "${label}".`);
}

describe.runIf(hasChromium)("a trigger of each kind, made on the page of a site", () => {
  let service: RunningService;
  let site: ServiceSite;
  let browser: Browser;
  let operator: BrowserContext;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    ({ service, site, browser, operator, stop } = await startOperatedSite());
  });
  afterAll(() => stop());

  it.each([
    ["mouse", MOUSE],
    ["keyboard", KEYBOARD],
  ])(
    "by %s: it is published, and fires on the site, once a page",
    async (name, hand) => {
      const made = await callApi<{ id: string; write_key: string }>(service, "POST", "/v1/sites", {
        name,
        hosts: [site.host],
      });
      const page = await operator.newPage();
      for (const kind of KINDS) await make(page, made.id, kind, hand);
      await page.goto(`${service.url}/sites/${made.id}`);
      await hand.put(page, "What changed", "All kinds");
      await hand.press(page, "Publish the draft");
      await page.getByText("The site runs version 1").waitFor();
      await page.close();

      site.writeKey = made.write_key;
      const context = await browser.newContext();
      await visit(await context.newPage(), name);
      const fired = (await journeyOf(service, name)).filter((entry) => entry.name.startsWith("k_"));
      const onPages = fired.map((entry) => `${entry.name} on ${entry.path}`).sort();
      // Every later page has seconds and a view of its own.
      expect(onPages.filter((once) => !/^k_(timer|visible) on \/(?!all)/.test(once))).toEqual(
        KINDS.map(({ event, page }) => `${event} on ${page ?? "/all"}`).sort(),
      );
      await closeContext(context);
    },
    180_000,
  );

  async function make(
    page: Page,
    siteId: string,
    { kind, event, option, condition }: Kind,
    hand: Hand,
  ) {
    await page.goto(`${service.url}/sites/${siteId}`);
    await hand.press(page, "New trigger");
    await page.waitForURL("**/triggers/new");
    await hand.press(page, kind);
    await page.waitForURL("**/new?type=*");
    await hand.put(page, "Name of the trigger", event);
    if (option) await hand.put(page, ...option);
    if (condition) {
      const [variable, comparison, value] = condition;
      await hand.put(page, "Variable", variable);
      await hand.put(page, "Comparison", comparison);
      await hand.put(page, "Value", value);
    }
    await hand.put(page, "Event", event);
    await hand.press(page, "Save to the draft");
    await page.waitForURL(`**/sites/${siteId}`);
  }

  /** Does each thing once, as a visitor. */
  async function visit(page: Page, userId: string): Promise<void> {
    const seen = (event: string) => arrived(service, userId, event);
    await page.goto(`${site.origin}/all`);
    await expect.poll(() => page.evaluate("Boolean(window.clicktrail)"), SOON).toBe(true);
    await page.evaluate(`clicktrail.identify(${JSON.stringify(userId)})`);
    await seen("k_page");
    await page.locator("h1").click();
    await page.locator("#list").click();
    await page.evaluate("document.querySelector('video').play()");
    await page.evaluate("setTimeout(() => { throw new Error('Oops') })");
    await page.evaluate("window.dataLayer = []; dispatchEvent(new Event('pageshow'))");
    await page.evaluate("dataLayer.push({ event: 'quote' })");
    await page.mouse.wheel(0, 100_000);
    for (const event of ["k_visible", "k_timer", "k_video"]) await seen(event);
    await page.evaluate("history.pushState(null, '', '/elsewhere')");
    await seen("k_history");
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByText("Thank you").waitFor();
    await seen("k_form");
  }
});
