import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import { assetUrl } from "../../src/http/assets.ts";
import type { PageDeps } from "../../src/http/pages/deps.ts";
import { AppError } from "../../src/lib/errors.ts";
import {
  BASE_URL,
  createTestApp,
  createTestPages,
  journeyEntry,
  latestEvent,
  NOON,
} from "./fakes.ts";
import { signInAdmin } from "./signed-in.ts";

const ATTACK = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;

let access: Access;
let dispose: () => Promise<void>;
let cookie: string;
let csrf: string;

beforeAll(async () => {
  ({ access, cookie, csrf, dispose } = await signInAdmin());
});

afterAll(() => dispose());

function app(replaced: Partial<PageDeps> = {}) {
  return createTestApp(access, { pages: createTestPages(access, replaced) });
}

const get = (path: string, replaced: Partial<PageDeps> = {}) =>
  request(app(replaced)).get(path).set("Cookie", cookie);

const post = (path: string, form: Record<string, string>, replaced: Partial<PageDeps> = {}) =>
  request(app(replaced))
    .post(path)
    .set({ Cookie: cookie, Origin: BASE_URL })
    .type("form")
    .send({ csrf, ...form });

describe("a stranger", () => {
  it.each(["/", "/contacts", "/contacts/x", "/settings", "/sites", "/welcome", "/live/stream"])(
    "is sent from %s to sign in, and back afterwards",
    async (path) => {
      const res = await request(app()).get(path);
      expect(res.status).toBe(303);
      expect(res.get("Location")).toBe(`/sign-in?next=${encodeURIComponent(path)}`);
    },
  );

  it("signs in with a password and goes where they wanted to", async () => {
    const form = { email: "boss@ex.com", password: "right password", next: "/contacts" };
    const res = await request(app())
      .post("/sign-in")
      .set("Origin", BASE_URL)
      .type("form")
      .send(form);
    expect([res.status, res.get("Location")]).toEqual([303, "/contacts"]);
    expect(res.get("Set-Cookie")?.[0]).toMatch(
      /^clicktrail_session=1\.\w{32}; Path=\/; Max-Age=1209600; HttpOnly; SameSite=Lax$/,
    );
  });

  it.each([
    ["boss@ex.com", "wrong"],
    ["nobody@ex.com", "wrong"],
  ])("learns nothing from a failure as %s, and keeps what they typed", async (email, password) => {
    const res = await request(app())
      .post("/sign-in")
      .set("Origin", BASE_URL)
      .type("form")
      .send({ email, password });
    expect(res.status).toBe(401);
    expect(res.text).toContain("The email address or the password is wrong.");
    expect(res.text).toContain(`value="${email}"`);
    expect(res.get("Set-Cookie")).toBeUndefined();
  });

  it("can't be signed in from another site", async () => {
    const form = { email: "boss@ex.com", password: "right password" };
    const res = await request(app())
      .post("/sign-in")
      .set("Origin", "https://evil.test")
      .type("form")
      .send(form);
    expect(res.status).toBe(403);
  });

  it("comes in by a one-time link, once, and its token leaves the address", async () => {
    const path = await access.createSignInPath();
    const ahead = await request(app()).get(path).set("Sec-Purpose", "prefetch");
    expect(ahead.status).toBe(503);
    const first = await request(app()).get(path);
    expect([first.status, first.get("Location")]).toEqual([303, "/welcome"]);
    expect(first.get("Set-Cookie")).toHaveLength(1);
    const second = await request(app()).get(path);
    expect(second.get("Location")).toBe("/sign-in?link=over");
    expect((await request(app()).get("/sign-in?link=over")).text).toContain("over 15 minutes old");
  });
});

describe("a form", () => {
  it.each([
    ["without the session's token", { csrf: "" }, BASE_URL],
    ["from another site", {}, "https://evil.test"],
  ])("%s changes nothing", async (_case, form, origin) => {
    const res = await request(app())
      .post("/settings/keys")
      .set({ Cookie: cookie, Origin: origin })
      .type("form")
      .send({ csrf, name: "Stolen", scope: "admin", ...form });
    expect(res.status).toBe(403);
    expect((await access.listKeys(1)).map(({ name }) => name)).not.toContain("Stolen");
  });

  it("of a viewer changes nothing", async () => {
    const viewer = await access.users.ensureUser(1, "viewer@ex.com", "viewer");
    const session = (await access.users.redeem(await access.users.createSignInToken(viewer))) ?? "";
    const theirs = (await access.users.signedIn(session))?.csrfToken ?? "";
    const res = await request(app())
      .post("/settings/keys")
      .set({ Cookie: `clicktrail_session=${session}`, Origin: BASE_URL })
      .type("form")
      .send({ csrf: theirs, name: "Viewer's", scope: "read" });
    expect(res.status).toBe(403);
  });

  it("keeps the choice of colours", async () => {
    const chosen = await request(app())
      .post("/theme")
      .set("Origin", BASE_URL)
      .type("form")
      .send({ theme: "dark", next: "//evil.test" });
    expect(chosen.get("Location")).toBe("/");
    const res = await request(app()).get("/sign-in").set("Cookie", "clicktrail_theme=dark");
    expect(res.text).toContain('data-theme="dark"');
  });
});

describe("the API from one of our pages", () => {
  const call = () => request(app()).post("/v1/keys").set("Cookie", cookie);
  const body = { name: "By page", scopes: ["read"] };

  it("knows the session", async () => {
    expect((await request(app()).get("/v1/keys").set("Cookie", cookie)).status).toBe(200);
    const made = await call().set({ Origin: BASE_URL, "X-CSRF-Token": csrf }).send(body);
    expect(made.status).toBe(201);
  });

  it("changes nothing without token or from elsewhere", async () => {
    expect((await call().set("Origin", BASE_URL).send(body)).status).toBe(403);
    const elsewhere = { Origin: "https://evil.test", "X-CSRF-Token": csrf };
    expect((await call().set(elsewhere).send(body)).status).toBe(403);
  });
});

describe("every page", () => {
  it("runs no inline code and is kept by nobody", async () => {
    const res = await get("/settings");
    expect(res.get("Content-Security-Policy")).toContain("default-src 'self'");
    expect(res.get("Content-Security-Policy")).not.toContain("unsafe");
    expect(res.get("Cache-Control")).toBe("no-store");
    expect(res.text).not.toMatch(/ style=| on\w+=|<style|<script(?! type="module" src=)/);
  });

  it("gets its style and script for ever", async () => {
    const res = await request(app()).get(assetUrl("app.css"));
    expect(res.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(res.type).toBe("text/css");
  });

  it("only links to pages that exist", async () => {
    const page = await get("/settings");
    const links = [...page.text.matchAll(/<a href="(\/[^"]*)"/g)].map(([, href = ""]) => href);
    expect(links.length).toBeGreaterThan(3);
    for (const href of new Set(links)) expect([200, 303]).toContain((await get(href)).status);
  });
});

describe("/", () => {
  it("starts at the welcome page while nothing has happened", async () => {
    expect((await get("/")).get("Location")).toBe("/welcome");
  });

  it("lists what happened, drawn escaped", async () => {
    const event = latestEvent(7, { url: `https://a.test/${ATTACK}`, email_claim: ATTACK });
    const res = await get("/", { latestEvents: async () => [event] });
    expect(res.text).toContain("/live/stream?since=7");
    expect(res.text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(res.text).not.toContain("<script>alert");
  });
});

describe("/live/stream", () => {
  it("sends what is new as drawn items, and ends when the service stops", async () => {
    const stopping = new AbortController();
    const latestEvents: PageDeps["latestEvents"] = async (_workspaceId, since) => {
      if (since > 0) stopping.abort();
      return since === 0 ? [latestEvent(2), latestEvent(1, { type: "open" })] : [];
    };
    const res = await get("/live/stream", { latestEvents, stopping: stopping.signal });
    expect(res.type).toBe("text/event-stream");
    const [, first = "", second = ""] = res.text.split("event: activity\n");
    expect(first).toMatch(/^id: 1\ndata: \{"kind":"open","html":"<li /);
    expect(second).toMatch(/^id: 2\ndata: \{"kind":"click","html":"<li /);
  });
});

describe("/contacts", () => {
  const ana = {
    id: "0k3j2h1",
    user_id: "user-7",
    email: "ana@ex.com",
    traits: {},
    first_seen_at: "2026-03-01T10:00:00.000Z",
    last_active_at: "2026-03-03T11:58:00.000Z",
  };

  it("says how contacts come about while there are none", async () => {
    const res = await get("/contacts");
    expect(res.text).toContain(
      "No contacts yet. They appear when someone clicks a tracked link or you call identify.",
    );
  });

  it("lists contacts in the reader's zone and goes on behind the last", async () => {
    const res = await get("/contacts?q=ana&tz=Europe/Amsterdam", {
      listContacts: async () => ({ contacts: [ana], next: "c2" }),
    });
    expect(res.text).toContain('<a href="/contacts/0k3j2h1"><bdi>ana@ex.com</bdi></a>');
    expect(res.text).toContain(
      '<time datetime="2026-03-03T11:58:00.000Z">3 Mar 2026, 12:58</time>',
    );
    expect(res.text).toContain('href="/contacts?q&#x3D;ana&amp;cursor&#x3D;c2"');
    expect(res.get("Set-Cookie")?.[0]).toContain("clicktrail_tz=Europe%2FAmsterdam");
  });

  it("passes search and cursor on, within the workspace", async () => {
    const asked: unknown[] = [];
    await get("/contacts?q=%20ana%20&cursor=c2", {
      listContacts: async (...args) => {
        asked.push(args);
        return { contacts: [], next: null };
      },
    });
    expect(asked).toEqual([[1, { q: "ana", cursor: "c2", limit: 50 }]]);
  });

  it("is 404 for a contact that this workspace does not know", async () => {
    expect((await get("/contacts/nobody").set("Accept", "text/html")).status).toBe(404);
  });

  describe("/:id", () => {
    const journeyOf = (entries: ReturnType<typeof journeyEntry>[], next: string | null = null) => ({
      findContact: async () => ana,
      readJourney: async () => ({ entries, next }),
    });

    it("shows people, and machines on request", async () => {
      const asked: unknown[] = [];
      const replaced: Partial<PageDeps> = {
        findContact: async () => ana,
        readJourney: async (_workspaceId, contactId, query) => {
          asked.push([contactId, query.verdicts]);
          return { entries: [], next: null };
        },
      };
      await get("/contacts/user-7", replaced);
      await get("/contacts/user-7?traffic=all", replaced);
      expect(asked).toEqual([
        ["0k3j2h1", ["human"]],
        ["0k3j2h1", undefined],
      ]);
    });

    it("tells mail from site, with verdict, reasons and money", async () => {
      const click = journeyEntry({
        type: "click",
        source: "email",
        campaign: { id: "c", name: "Spring sale" },
        link: { id: "3", index: 3, name: "See prices", url: null },
        verdict: "machine",
        verdictReasons: [
          { signal: "sweep_all_links", weight: 80, detail: "all 6 links within 10 s" },
          { signal: "burst_certain", weight: 80, detail: "3 links within 1 s" },
        ],
        whyIn: (format) => `Made for them at ${format(NOON)}.`,
        counted: false,
      });
      const sale = journeyEntry({
        type: "track",
        name: "purchase",
        value_minor: 24_000,
        currency: "EUR",
      });
      const { text } = await get("/contacts/user-7?traffic=all", journeyOf([sale, click], "c2"));
      for (const part of [
        "Spring sale",
        "“See prices”",
        "▲ Machine, not counted",
        'All 6 links within 10 s. <span class="muted">+80</span>',
        "Three or more links of one mail within a second (3 links within 1 s).",
        "Made for them at 3 Mar 2026, 12:00.",
        "€240.00",
      ]) {
        expect(text).toContain(part);
      }
      expect(text).toContain('href="/contacts/0k3j2h1?traffic&#x3D;all&amp;cursor&#x3D;c2"');
    });

    it("draws everything that senders and visitors wrote escaped", async () => {
      const entry = journeyEntry({
        name: ATTACK,
        type: "track",
        url: `javascript:${ATTACK}`,
        campaign: { id: "c", name: ATTACK },
        link: { id: "0", index: 0, name: ATTACK, url: null },
        verdict: "machine",
        verdictReasons: [{ signal: ATTACK, weight: 1, detail: ATTACK }],
        whyIn: () => ATTACK,
        properties: { [ATTACK]: ATTACK },
      });
      const { text } = await get("/contacts/user-7", journeyOf([entry]));
      expect(text).not.toContain("<script>alert");
      expect(text).not.toContain("<img");
      expect(text).not.toContain('href="javascript:');
    });

    it.each([
      ["Hebrew", "דנה כהן", "\u2068דנה כהן\u2069"],
      ["Arabic", "(مريم)", "\u2068(مريم)\u2069"],
      ["an override", "\u202Egnp.ana", "gnp.ana"],
    ])("keeps a name of %s to itself in the title", async (_case, name, shown) => {
      const contact = { ...ana, user_id: name, email: null, traits: {} };
      const replaced = { ...journeyOf([]), findContact: async () => contact };
      const { text } = await get("/contacts/user-7", replaced);
      expect(text).toContain(`<title>${shown} · clicktrail</title>`);
      expect(text).toContain(`<h1><bdi>${name}</bdi></h1>`);
    });

    it("asks for the script while there is no site event", async () => {
      const mail = journeyEntry({ type: "sent", source: "email", verdict: null });
      expect((await get("/contacts/user-7", journeyOf([mail]))).text).toContain(
        "No site events yet. Is the script on your site?",
      );
    });
  });
});

describe("/welcome", () => {
  it("ticks what has been done", async () => {
    const open = await get("/welcome");
    expect(open.text.match(/class="check card done"/g)).toBeNull();
    const done = await get("/welcome", {
      latestEvents: async () => [
        latestEvent(3, { source: "site", type: "page", name: "page_view" }),
        latestEvent(2),
        latestEvent(1, { type: "rewrite", properties: { campaign: "Mine" } }),
      ],
    });
    expect(done.text.match(/class="check card done"/g)).toHaveLength(3);
  });

  it("frames its sample mail without scripts and with its own policy", async () => {
    const res = await get("/welcome/sample");
    expect(res.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(res.get("Content-Security-Policy")).toContain("sandbox");
    expect(res.get("Content-Security-Policy")).not.toContain("allow-scripts");
    expect((await get("/welcome")).text).not.toMatch(/sandbox="[^"]*allow-(scripts|same-origin)/);
  });

  it("rewrites a mail and marks what changed", async () => {
    const html = '<p>Hi <a href="https://a.test/">you</a> there</p>';
    const url = "https://a.test/";
    const link = { index: 0, name: null, text: "you", url, destination: url, offset: 15 };
    const tracking_url = "https://t.test/c/x/y";
    const res = await post(
      "/welcome/rewrite",
      { html, campaign: "Mine" },
      {
        rewriteMail: async () => ({
          html: html.replace("https://a.test/", tracking_url),
          links: [{ ...link, tracking_url }],
          skipped: [],
          warnings: [{ code: "maybe_signed", message: "Mind this.", count: 1 }],
        }),
      },
    );
    expect(res.status).toBe(200);
    expect(res.text).toContain("<del>https://a.test/</del>");
    expect(res.text).toContain("<ins>https://t.test/c/x/y</ins>");
    expect(res.text).toContain("1 link tracked, 0 left alone");
    expect(res.text).toContain("▲ Mind this.");
  });

  it.each([
    [{ html: "", campaign: "Mine" }, "Paste the full HTML of an email."],
    [{ html: "<p>", campaign: " " }, "Give the campaign a name."],
  ])("keeps what was typed beside the mistake in %j", async (form, message) => {
    const res = await post("/welcome/rewrite", form);
    expect(res.status).toBe(422);
    expect(res.text).toContain(message);
    expect(res.text).toContain(`value="${form.campaign.trim()}"`);
  });

  it("shows what the rewriter refuses", async () => {
    const res = await post(
      "/welcome/rewrite",
      { html: "<p>", campaign: "Mine" },
      {
        rewriteMail: async () => {
          throw new AppError("already_tracked", 422, "This mail is tracked already.");
        },
      },
    );
    expect([res.status, res.text.includes("This mail is tracked already.")]).toEqual([422, true]);
  });
});

describe("/sites and /settings", () => {
  it("gives the script tag of a new site, once", async () => {
    const made = await post("/sites", { name: "Shop", hosts: "shop.test, *.shop.test" });
    expect(made.text).toContain(
      "&lt;script async src&#x3D;&quot;http://127.0.0.1:3000/t.js&quot; data-key&#x3D;&quot;cts_key&quot;&gt;",
    );
    expect((await get("/sites")).text).not.toContain("cts_key");
  });

  it("names the click parameter in the tag where it is another than the script's", async () => {
    const made = await post(
      "/sites",
      { name: "Shop", hosts: "shop.test" },
      { clickParam: "ref_id" },
    );
    expect(made.text).toContain("data-click-param&#x3D;&quot;ref_id&quot;");
  });

  it.each([
    [{ name: "Shop", hosts: "" }, "Give at least one host."],
    [{ name: " ", hosts: "shop.test" }, "Give the site a name."],
  ])("says beside the form what is wrong with %j", async (form, message) => {
    const res = await post("/sites", form);
    expect(res.status).toBe(422);
    expect(res.text).toContain(message);
    expect(res.text).toContain(`value="${form.hosts}"`);
  });

  it("lists the sites there are", async () => {
    const site = {
      workspaceId: 1,
      id: "s1",
      name: "Shop",
      hosts: ["a.test", "*.a.test"],
      createdAt: NOON,
      collects: "everything" as const,
      liveVersion: null,
    };
    expect((await get("/sites", { listSites: async () => [site] })).text).toContain(
      "a.test, *.a.test",
    );
    const open = { ...site, hosts: [] };
    expect((await get("/sites", { listSites: async () => [open] })).text).toContain(
      "any; none gets the click parameter",
    );
  });

  it("makes a key, shows it once, and revokes it", async () => {
    const made = await post("/settings/keys", { name: "Page key", scope: "read" });
    const [key = ""] = /ct_\w{8}_\w{32}/.exec(made.text) ?? [];
    expect(access.findKey(key)?.scopes).toEqual(new Set(["read"]));
    expect((await get("/settings")).text).not.toContain(key);
    const revoked = await post(`/settings/keys/${access.findKey(key)?.id}/revoke`, {});
    expect(revoked.get("Location")).toBe("/settings");
    expect(access.findKey(key)).toBeUndefined();
  });

  it("stores UTM parameters, and says beside the form what is wrong with them", async () => {
    const stored: unknown[] = [];
    const utmDefaults: PageDeps["utmDefaults"] = {
      list: async () => [{ campaign: "spring", utm: { utm_source: "news" } }],
      set: async (_workspaceId, given) => {
        stored.push(given);
      },
    };
    const send = (form: Record<string, string>) => post("/settings/utm", form, { utmDefaults });
    const saved = await send({ campaign: " ", utm_source: " news ", utm_term: "" });
    expect([saved.status, saved.get("Location")]).toEqual([303, "/settings/utm"]);
    expect(stored).toEqual([{ campaign: null, utm: { utm_source: "news" } }]);
    const refused = await send({ campaign: "spring", utm_source: "auto" });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("`auto` works for".replaceAll("`", "&#x60;"));
    const page = await get("/settings/utm?campaign=spring", { utmDefaults });
    expect(page.text).toContain("utm_source&#x3D;news");
    expect(page.text).toMatch(/name="utm_source" value="news"/);
  });

  it("leads the colour switch of a form's answer back to the form's page", async () => {
    const { text } = await post("/settings/keys", { name: "No scope" });
    expect(text).toContain('name="next" value="/settings"');
  });

  it("keeps the name beside a missing scope", async () => {
    const res = await post("/settings/keys", { name: "No scope" });
    expect(res.status).toBe(422);
    expect(res.text).toContain("Tick at least one thing that the key may do.");
    expect(res.text).toContain('value="No scope"');
  });

  it("signs out for good", async () => {
    const path = await access.createSignInPath("leaver@ex.com");
    const entered = await request(app()).get(path);
    const [theirs = ""] = (entered.get("Set-Cookie")?.[0] ?? "").split(";");
    const token = (await access.users.signedIn(theirs.split("=")[1] ?? ""))?.csrfToken ?? "";
    const out = await request(app())
      .post("/sign-out")
      .set({ Cookie: theirs, Origin: BASE_URL })
      .type("form")
      .send({ csrf: token });
    expect(out.get("Set-Cookie")?.[0]).toContain("Max-Age=0");
    expect((await request(app()).get("/settings").set("Cookie", theirs)).status).toBe(303);
  });
});
