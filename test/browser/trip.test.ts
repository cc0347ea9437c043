import { readFile } from "node:fs/promises";
import http, { type Server } from "node:http";
import path from "node:path";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";
import {
  callApi,
  disposeService,
  type RunningService,
  startService,
  WRITE_KEY,
  waitUntilSettled,
} from "../support/service.ts";
import { AS_A_PERSON, closeContext, hasChromium, launchChromium } from "./support.ts";

/** A real mail with a plain http link, so that the browser can be led to a site on this machine. */
const MAIL = "corpus/leemunroe__responsive-html-email-template/email.html";
const SITE_HOST = "htmlemail.io";
const MAIL_HOST = "mail.test";

const fixtures = process.env["CLICKTRAIL_FIXTURES"];
if (fixtures === undefined) {
  console.warn(
    "\n!!! CLICKTRAIL_FIXTURES is not set: the trip from mail to journey does NOT run.\n",
  );
}

interface Rewritten {
  html: string;
  links: { index: number; text: string; url: string }[];
}

interface Entry {
  type: string;
  name: string;
  path: string | null;
  verdict: string | null;
  session_id: string | null;
  click_id: string | null;
  campaign: { name: string } | null;
  link: { index: number; url: string | null } | null;
  properties: Record<string, unknown>;
}

interface Journey {
  contact: { email: string | null };
  entries: Entry[];
}

describe.runIf(hasChromium && fixtures !== undefined).each(testEngines)(
  "the trip from a mail to the journey, on %s",
  (engine) => {
    let database: TestDatabase;
    let service: RunningService;
    let web: Server;
    let browser: Browser;
    let context: BrowserContext;
    let mail = "";

    beforeAll(async () => {
      database = await createTestDatabase(engine);
      service = await startService({
        env:
          engine === "postgres"
            ? { DATABASE_URL: database.location, SECRET: "a secret for every node" }
            : {},
      });
      web = await startWeb(() => mail, service.url);
      const { port } = Object(web.address());
      browser = await launchChromium([
        ...AS_A_PERSON,
        `--host-resolver-rules=MAP ${SITE_HOST} 127.0.0.1:${port}, MAP ${MAIL_HOST} 127.0.0.1:${port}`,
      ]);
    });
    afterAll(async () => {
      await browser.close();
      web.close();
      await disposeService(service);
      await database.dispose();
    });
    beforeEach(async () => {
      context = await browser.newContext();
    });
    afterEach(() => closeContext(context));

    it("shows the mail, the click, both pages and the form in order", async () => {
      await callApi(service, "POST", "/v1/sites", { name: "Site", hosts: [SITE_HOST] });
      const html = await readFile(path.join(fixtures ?? "", MAIL), "utf8");
      const rewritten = await callApi<Rewritten>(service, "POST", "/v1/rewrite", {
        html,
        campaign: "Spring sale",
        contact: { id: "42" },
        utm: { utm_source: "newsletter", utm_medium: "email" },
        options: { open_pixel: true },
      });
      mail = rewritten.html;

      const inbox = await context.newPage();
      await inbox.goto(`http://${MAIL_HOST}/mail`, { waitUntil: "load" });
      const link = rewritten.links.find(({ url }) => new URL(url).hostname === SITE_HOST);
      const opened = context.waitForEvent("page", { timeout: 5000 }).catch(() => inbox);
      await inbox
        .getByText(link?.text ?? "", { exact: true })
        .first()
        .click();
      const site = await opened;
      await site.waitForURL(`http://${SITE_HOST}/**`);
      // The click id came with the address and is gone from it.
      await site.waitForFunction("!location.search.includes('jt=')");
      expect(site.url()).toContain("utm_source=newsletter");

      await site.getByRole("link", { name: "Prices" }).click();
      await site.waitForURL("**/prices");
      await site.getByLabel("Email").fill("ana@example.com");
      await site.getByRole("button", { name: "Sign up" }).click();
      await site.getByText("Thank you").waitFor();
      await context.newPage().then((page) => page.goto("about:blank"));
      await site.close();

      const entries = await journeyWith(8);
      const story = entries.map(({ type, name, path: at }) =>
        [type, name, at].filter(Boolean).join(" "),
      );
      expect(story.slice(0, 2)).toEqual(["sent email_sent", "open email_opened"]);
      expect(indexOf(story, "click email_clicked")).toBeGreaterThan(indexOf(story, "sent"));
      expect(indexOf(story, "page page_view /prices")).toBeGreaterThan(
        indexOf(story, "page page_view"),
      );
      expect(indexOf(story, "track sign_up")).toBeGreaterThan(
        indexOf(story, "page page_view /prices"),
      );
      expect(story.some((line) => line.startsWith("identify"))).toBe(true);

      const click = entries.find(({ type }) => type === "click");
      expect(click).toMatchObject({
        campaign: { name: "Spring sale" },
        link: { index: link?.index },
        verdict: "human",
      });
      const visits = entries.filter(({ type }) => ["page", "track", "identify"].includes(type));
      expect(new Set(visits.map(({ session_id }) => session_id)).size).toBe(1);
      expect(visits.every(({ session_id }) => session_id !== null)).toBe(true);
      expect(entries.every(({ path: at }) => !at?.includes("jt="))).toBe(true);
    });

    it("shows the same on the contact's page", async () => {
      const page = await context.newPage();
      await page.goto(service.signInUrl());
      await page.goto(`${service.url}/contacts`);
      await page
        .getByRole("link", { name: /ana@example\.com|42/ })
        .first()
        .click();
      const text = await page.locator("main").innerText();
      for (const shown of ["Spring sale", "/prices", "Sign up"]) expect(text).toContain(shown);
    });

    async function journeyWith(count: number): Promise<Entry[]> {
      for (let tries = 0; ; tries++) {
        await waitUntilSettled(service);
        const { entries } = await callApi<Journey>(
          service,
          "GET",
          "/v1/contacts/42/journey?limit=200",
        );
        if (entries.length >= count || tries >= 100) return entries.reverse();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  },
);

function indexOf(story: readonly string[], beginning: string): number {
  const index = story.findIndex((line) => line.startsWith(beginning));
  if (index === -1) throw new Error(`no "${beginning}" in ${JSON.stringify(story, null, 1)}`);
  return index;
}

/** A web mailer at /mail, and a site of two pages that carries the script. */
async function startWeb(mail: () => string, serviceUrl: string): Promise<Server> {
  const script = `<script async src="${serviceUrl}/t.js" data-key="${WRITE_KEY}"></script>`;
  const pages: Record<string, string> = {
    "/": `<title>Home</title>${script}<h1>Home</h1><a href="/prices">Prices</a>`,
    "/prices": `<title>Prices</title>${script}<h1>Prices</h1>
      <form><label>Email <input name="email" type="email"></label><button>Sign up</button></form>
      <script>
        document.querySelector("form").addEventListener("submit", (event) => {
          event.preventDefault();
          const email = new FormData(event.target).get("email");
          clicktrail.track("sign_up", { plan: "free" });
          clicktrail.identify("42", { email });
          document.body.append("Thank you");
        });
      </script>`,
  };
  const server = http.createServer((req, res) => {
    const { pathname } = new URL(req.url ?? "/", "http://local");
    const page = pathname === "/mail" ? mail() : pages[pathname];
    res.writeHead(page === undefined ? 404 : 200, { "Content-Type": "text/html; charset=utf-8" });
    res.end(page ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
