import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import type { LatestEvent } from "../../src/http/pages/deps.ts";
import { explainWhy } from "../../src/reports/why.ts";
import {
  createTestAccess,
  createTestApp,
  createTestPages,
  journeyEntry,
  latestEvent,
  NOON,
} from "../http/fakes.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { closeContext, hasChromium, launchChromium } from "./support.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FIND_VIOLATIONS = `axe.run(document, { iframes: false }).then(({ violations }) =>
  violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => id + ": " + nodes[0].html))`;

const ANA = {
  id: "0k3j2h1",
  user_id: "user-7",
  email: "ana@ex.com",
  traits: {},
  first_seen_at: "2026-03-01T10:00:00.000Z",
  last_active_at: "2026-03-03T11:58:00.000Z",
};

const WHY = journeyEntry().why;
const UA_MISSING = { signal: "ua_missing", weight: 45, detail: "no user agent" };

/** Was named by an id in Hebrew whose override does not end. */
const NAMED = explainWhy(
  {
    evidence: "user_id",
    confidence: "asserted",
    event_id: "e1",
    at: NOON,
    value: "\u202Eדנה 42",
    when: "itself",
    isServer: false,
    event: { source: "site", type: "page" },
  },
  String,
);
/** From where to where a text stands on its line. */
const PLACE_OF = (text: string) => `(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(${JSON.stringify(text)});
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + ${text.length});
    const { left, right, top } = range.getBoundingClientRect();
    return { left, right, top };
  }
})()`;

const JOURNEY = [
  journeyEntry({ type: "track", name: "purchase", value_minor: 24_000, currency: "EUR" }),
  journeyEntry({ session_id: "s", click_id: "k", why: { ...WHY, confidence: "inferred" } }),
  journeyEntry({ type: "click", source: "email", certainty: "low", verdictReasons: [UA_MISSING] }),
  journeyEntry({ type: "click", source: "email", verdict: "machine", counted: false }),
  journeyEntry({ type: "track", name: "\u202Eturned", campaign: { id: "c", name: "Spring" } }),
  journeyEntry({ whyIn: () => NAMED }),
  journeyEntry({ type: "bounced", source: "esp", verdict: null, properties: { reason: "full" } }),
];

describe.runIf(hasChromium)("the pages in Chromium", () => {
  let browser: Browser;
  let context: BrowserContext;
  let database: TestDatabase;
  let access: Access;
  let server: Server;
  let origin: string;
  let events: LatestEvent[];

  beforeAll(async () => {
    browser = await launchChromium();
    database = await createTestDatabase("sqlite");
    access = createTestAccess(database.db, { now: NOON });
    await access.start();
    await access.createApiKey(1, { name: "Mailer", scopes: ["read"] }, { kind: "cli", id: "cli" });
    server = await listen();
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    access.stop();
    await browser.close();
    await database.dispose();
  });

  beforeEach(async () => {
    events = [latestEvent(1, { type: "open", name: "email_opened" })];
    context = await browser.newContext();
  });

  afterEach(() => closeContext(context));

  /** The application; a tracked link adds its click, as the front and the importer would. */
  function listen(): Promise<Server> {
    const pages = createTestPages(access, {
      latestEvents: async (_workspaceId, since) => events.filter(({ seq }) => seq > since),
      listContacts: async () => ({ contacts: [ANA], next: "c2" }),
      findContact: async () => ANA,
      readJourney: async () => ({ entries: JOURNEY, next: "c2" }),
      rewriteMail: async (_workspaceId, { html }) => ({
        html: html.replaceAll("https://example.com", `${origin}/c`),
        links: [],
        skipped: [],
        warnings: [],
      }),
    });
    const app = createTestApp(access, { pages });
    const started = createServer((req, res) => {
      if (!req.url?.startsWith("/c/")) return app(req, res);
      events = [latestEvent(events.length + 1), ...events];
      return res.writeHead(302, { Location: "/robots.txt" }).end();
    });
    return new Promise((resolve) => {
      started.listen(0, "127.0.0.1", () => resolve(started));
    });
  }

  async function signIn() {
    const page = await context.newPage();
    await page.goto(origin + (await access.createSignInPath()));
    return page;
  }

  it.each(["light", "dark"] as const)("have no grave fault that axe finds, %s", async (scheme) => {
    const page = await signIn();
    await page.emulateMedia({ colorScheme: scheme });
    const paths = [
      "/",
      "/welcome",
      "/contacts",
      "/contacts/0k3j2h1",
      "/review",
      "/traffic",
      "/tracking-plan",
      "/tracking-plan/event?name=purchase",
      "/tracking-plan/event?name=demo_booked",
      "/sites",
      "/sites/site1",
      "/sites/site1/triggers/new",
      "/sites/site1/triggers/new?type=form_submit",
      "/settings",
      "/settings/utm",
      "/docs",
      "/docs/errors",
      "/sign-in?link=over",
      "/nothing",
    ];
    for (const path of paths) {
      await page.goto(origin + path);
      await page.evaluate(AXE);
      expect(await page.evaluate<string[]>(FIND_VIOLATIONS), path).toEqual([]);
    }
  });

  it.each([390, 1440])("never scroll sideways at %i px", async (width) => {
    const page = await signIn();
    await page.setViewportSize({ width, height: 900 });
    const site = "/sites/site1";
    const form = `${site}/triggers/new?type=click`;
    const paths = ["/", "/welcome", "/contacts", "/contacts/0k3j2h1", "/settings", "/docs"];
    for (const path of [...paths, site, `${site}/triggers/new`, form]) {
      await page.goto(origin + path);
      const overflow = await page.evaluate<number>(
        "document.documentElement.scrollWidth - window.innerWidth",
      );
      expect(overflow, path).toBeLessThanOrEqual(0);
    }
  });

  it("keep a name that runs from right to left to itself", async () => {
    const page = await signIn();
    await page.goto(`${origin}/contacts/0k3j2h1`);
    const row = page.locator(".step", { hasText: "in “Spring”" });
    const left = async (selector: string) => (await row.locator(selector).boundingBox())?.x ?? 0;
    expect(await left("p > .muted")).toBeGreaterThan(await left("strong"));
  });

  it("keep an id that runs from right to left to itself in the sentence that says why", async () => {
    const page = await signIn();
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${origin}/contacts/0k3j2h1`);
    await page.locator(".why", { hasText: "which is this contact’s" }).locator("summary").click();
    const placeOf = (text: string) =>
      page.evaluate<{ left: number; right: number; top: number }>(PLACE_OF(text));
    const before = await placeOf("user id “");
    const number = await placeOf("42");
    const name = await placeOf("דנה");
    const after = await placeOf("”, which is this contact’s");
    expect(after.top).toBe(before.top);
    expect(number.left).toBeGreaterThanOrEqual(before.right);
    expect(name.left).toBeGreaterThanOrEqual(number.right);
    expect(after.left).toBeGreaterThanOrEqual(name.right);
  });

  it("tick the first check as soon as the sample's button is clicked", async () => {
    const page = await signIn();
    expect(await page.locator("[data-check=click] [data-state]").textContent()).toContain(
      "waiting",
    );
    await page.frameLocator("iframe").getByText("See the catalogue").click();
    await page.locator("[data-check=click].done li.activity").first().waitFor();
  });

  it("run nothing that their policy forbids, and take their own forms", async () => {
    const page = await signIn();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await page.goto(`${origin}/settings`);
    await page.fill("#key-name", "By hand");
    await page.click("text=Create key");
    expect(await page.locator("#new-key").textContent()).toMatch(/^ct_\w{8}_\w{32}$/);
    await page.click("button:text-is('dark')");
    await page.locator("html[data-theme=dark]").waitFor();
    expect(page.url()).toBe(`${origin}/settings`);
    expect(complaints).toEqual([]);
  });

  it("work without JavaScript", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto(origin + (await access.createSignInPath()));
    await page.click("text=Check again");
    await page.goto(`${origin}/contacts/0k3j2h1`);
    await page.selectOption("#tz", "Asia/Tokyo");
    await page.click("text=Apply");
    expect(await page.locator(".step time").first().textContent()).toBe("21:00");
    await plain.close();
  });
});
