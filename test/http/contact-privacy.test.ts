import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import type { PageDeps } from "../../src/http/pages/deps.ts";
import { BASE_URL, createTestApp, createTestPages, NOON } from "./fakes.ts";
import { signInAdmin } from "./signed-in.ts";

const ANA = {
  id: "0k3j2h1",
  user_id: "user 7",
  email: "ana@ex.com",
  traits: {},
  first_seen_at: new Date(NOON).toISOString(),
  last_active_at: new Date(NOON).toISOString(),
};
const RUNNING = {
  id: "e1",
  state: "running",
  progress: 0.425,
  requested_at: new Date(NOON).toISOString(),
  finished_at: null,
  counts: { events: 12, redacted: 1, failed_events: 0, visitors: 1 },
  receipt: null,
} as const;

describe("the privacy page of a contact", () => {
  let access: Access;
  let dispose: () => Promise<void>;
  let cookie: string;
  let csrf: string;
  const asked: unknown[] = [];

  beforeAll(async () => {
    ({ access, cookie, csrf, dispose } = await signInAdmin());
  });
  afterAll(() => dispose());

  function pages(): PageDeps {
    const base = createTestPages(access);
    return {
      ...base,
      findContact: async (_workspaceId, id) => (id === "nobody" ? undefined : ANA),
      privacy: {
        ...base.privacy,
        async changeConsent(_workspaceId, id, changes) {
          asked.push([id, changes]);
          return base.privacy.readConsent(1, id);
        },
        exportContact: async () =>
          (async function* () {
            yield '{"contact":{}}';
          })(),
        erasures: {
          async request(_workspaceId, id, actor) {
            asked.push([id, actor.kind]);
            return RUNNING;
          },
          status: async () => RUNNING,
          waitFor: async () => RUNNING,
        },
      },
    };
  }

  const get = (path: string) =>
    request(createTestApp(access, { pages: pages() }))
      .get(path)
      .set({ Cookie: cookie, Accept: "text/html" });
  const post = (path: string, form: Record<string, string>) =>
    request(createTestApp(access, { pages: pages() }))
      .post(path)
      .set({ Cookie: cookie, Origin: BASE_URL })
      .type("form")
      .send({ csrf, ...form });

  it("shows what the contact allows, and says what to type to erase it", async () => {
    const { text } = await get("/contacts/0k3j2h1/privacy");
    expect(text).toContain('<option value="none" selected>not at all</option>');
    expect(text).toContain("Type <code>user 7</code> to confirm");
    expect((await get("/contacts/nobody/privacy")).status).toBe(404);
  });

  it("records a consent, with where it was said", async () => {
    const form = { clicks: "aggregate", opens: "none", site: "individual", source: " a letter " };
    const res = await post("/contacts/0k3j2h1/consent", form);
    expect([res.status, res.get("Location")]).toEqual([303, "/contacts/0k3j2h1/privacy"]);
    expect(asked.pop()).toEqual(["0k3j2h1", { ...form, source: "a letter" }]);
    expect((await post("/contacts/0k3j2h1/consent", { clicks: "never" })).status).toBe(422);
  });

  it("erases only when the id is typed", async () => {
    const refused = await post("/contacts/0k3j2h1/erase", { confirm: "user 8" });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("Nothing was erased: type exactly user 7 to confirm.");
    expect(asked).toEqual([]);
    const res = await post("/contacts/0k3j2h1/erase", { confirm: "user 7" });
    expect([res.status, res.get("Location")]).toEqual([303, "/erasures/e1"]);
    expect(asked.pop()).toEqual(["0k3j2h1", "user"]);
    expect((await get("/erasures/e1")).text).toContain("42 % of the log is searched");
  });

  it("refuses a form from elsewhere", async () => {
    const res = await post("/contacts/0k3j2h1/erase", { confirm: "user 7", csrf: "forged" });
    expect(res.status).toBe(403);
    expect(asked).toEqual([]);
  });

  it("gives the export as a file", async () => {
    const res = await get("/contacts/0k3j2h1/export");
    expect(res.get("Content-Disposition")).toBe("attachment; filename=contact.json");
    expect(res.text).toBe('{"contact":{}}');
  });
});
