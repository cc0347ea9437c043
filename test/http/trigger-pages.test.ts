import request from "supertest";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import type { PageDeps } from "../../src/http/pages/deps.ts";
import { BASE_URL, createTestApp, createTestPages } from "./fakes.ts";
import { signInAdmin } from "./signed-in.ts";

const NEW = "/sites/site1/triggers/new?type=click";

/** A trigger as its form sends it, empty rows included. */
const LEAD: Record<string, string | string[]> = {
  save: "1",
  name: "Demo asked for",
  enabled: "on",
  option: "#demo",
  variable: ["page_path", "query.", ""],
  condition_name: ["", "plan", ""],
  operator: ["starts_with", "present", "contains"],
  value: ["/pricing", "", ""],
  event: "generate_lead",
  parameter: ["value", "plan", ""],
  source: ["", "query.", ""],
  detail: ["50", "plan", ""],
  type: ["number", "text", "text"],
};

describe("the pages of a site's triggers", () => {
  let access: Access;
  let dispose: () => Promise<void>;
  let cookie: string;
  let csrf: string;
  let pages: PageDeps;

  beforeAll(async () => {
    ({ access, cookie, csrf, dispose } = await signInAdmin());
  });
  afterAll(() => dispose());
  beforeEach(() => {
    pages = createTestPages(access);
  });

  const get = (path: string) =>
    request(createTestApp(access, { pages })).get(path).set("Cookie", cookie);
  const post = (path: string, form: object) =>
    request(createTestApp(access, { pages }))
      .post(path)
      .set({ Cookie: cookie, Origin: BASE_URL })
      .type("form")
      .send({ csrf, ...form });
  const drafted = async () =>
    (await pages.triggers.draft(1, "site1")).draft.map(({ trigger }) => trigger);

  it("offer every type of trigger by name", async () => {
    const { text } = await get("/sites/site1/triggers/new");
    for (const label of ["Page view", "Click", "Form submit", "Video", "JavaScript error"]) {
      expect(text).toContain(`<strong>${label}</strong>`);
    }
  });

  it("make a trigger of a form, and show it again as it was filled in", async () => {
    const made = await post(NEW, LEAD);
    expect([made.status, made.headers["location"]]).toEqual([303, "/sites/site1"]);
    const [trigger] = await drafted();
    expect(trigger).toMatchObject({
      name: "Demo asked for",
      on: { type: "click", selector: "#demo" },
      conditions: [
        { variable: "page_path", operator: "starts_with", value: "/pricing" },
        { variable: "query.plan", operator: "present" },
      ],
      event: "generate_lead",
      parameters: [
        { name: "value", type: "number", value: "50" },
        { name: "plan", type: "text", variable: "query.plan" },
      ],
    });
    const { text } = await get(`/sites/site1/triggers/${trigger?.id}`);
    expect(text).toContain('value="#demo"');
    expect(text).toMatch(/<option value="query\." selected>/);
    expect(text).toContain('name="condition_name" value="plan"');
    expect(text).toContain('aria-label="Condition 3"');

    await post(`/sites/site1/triggers/${trigger?.id}`, { ...LEAD, enabled: undefined });
    expect((await drafted())[0]?.enabled).toBe(false);
    expect((await get("/sites/site1")).text).toContain('<span class="pill">off</span>');
    await post(`/sites/site1/triggers/${trigger?.id}/delete`, {});
    expect(await drafted()).toEqual([]);
  });

  it("keep what was typed beside what is wrong with it", async () => {
    const wrong = { ...LEAD, name: "", value: ["", "", ""], detail: ["many", "plan", ""] };
    const { status, text } = await post(NEW, wrong);
    expect(status).toBe(422);
    for (const problem of [
      "Give the trigger a name.",
      "Condition 1: Give the value to compare with.",
      "Parameter 1: Expected a number.",
    ]) {
      expect(text).toContain(`<li>${problem}</li>`);
    }
    expect(text).toContain('value="generate_lead"');
    expect(await drafted()).toEqual([]);
  });

  it("add a row without saving anything", async () => {
    const { save: _save, ...rest } = LEAD;
    const { status, text } = await post(NEW, {
      ...rest,
      variable: ["page_path"],
      more: "condition",
    });
    expect(status).toBe(200);
    expect(text.match(/<select name="variable"/g)).toHaveLength(2);
    expect(await drafted()).toEqual([]);
  });

  it("publish with a note, show who did, and roll back", async () => {
    await post(NEW, LEAD);
    await post("/sites/site1/publish", { note: "Leads <b>now</b>" });
    await post("/sites/site1/publish", { note: "Again" });
    const { text } = await get("/sites/site1");
    expect(text).toContain("Leads &lt;b&gt;now&lt;/b&gt;");
    expect(text).toContain("boss@ex.com");
    await post("/sites/site1/restore", { version: "1" });
    expect((await pages.triggers.versions(1, "site1"))[0]).toMatchObject({
      version: 3,
      restores: 1,
    });
  });

  it("make a preview link of the site's own pages", async () => {
    const made = await post("/sites/site1/preview", { url: "https://shop.example.com/a" });
    expect(made.text).toContain('href="https://shop.example.com/a?clicktrail_preview&#x3D;');
    const foreign = await post("/sites/site1/preview", { url: "https://evil.test/" });
    expect(foreign.status).toBe(422);
    expect(foreign.text).toContain("Expected a page of shop.example.com");
  });

  it("switch what the script sends, and refuse what it cannot", async () => {
    const asked: unknown[] = [];
    const { site } = await pages.triggers.draft(1, "site1");
    pages = {
      ...pages,
      async updateSite(_workspaceId, id, changes) {
        asked.push(id, changes);
        return site;
      },
    };
    expect((await post("/sites/site1/collects", { collects: "nothing" })).status).toBe(303);
    expect(asked).toEqual(["site1", { collects: "nothing" }]);
    expect((await post("/sites/site1/collects", { collects: "some" })).status).toBe(422);
  });

  it("change nothing without the session's own token", async () => {
    expect((await post(NEW, { ...LEAD, csrf: "forged" })).status).toBe(403);
    expect((await post("/sites/site1/publish", { csrf: "forged" })).status).toBe(403);
    expect(await drafted()).toEqual([]);
  });

  it("show the tag and the pixel for browsers without JavaScript again, with a new key", async () => {
    const { text } = await post("/sites/site1/key", {});
    expect(text).toContain("data-key&#x3D;&quot;cts_key&quot;");
    expect(text).toContain("/pixel/v1/page?writeKey&#x3D;cts_key");
  });
});
