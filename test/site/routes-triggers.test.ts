import express, { type ErrorRequestHandler, type Express } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Caller, setCaller } from "../../src/lib/caller.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createKeyring } from "../../src/lib/keyring.ts";
import { AUTOMATIC } from "../../src/site/automatic.ts";
import { createScriptRoutes } from "../../src/site/routes-script.ts";
import { createTriggerRoutes } from "../../src/site/routes-triggers.ts";
import type { CompiledTrigger } from "../../src/site/script/compiled.ts";
import { describeFiles, loadSegmentScript } from "../../src/site/script-file.ts";
import { createSites, type Sites } from "../../src/site/sites.ts";
import { createTriggerStore } from "../../src/site/triggers/store.ts";
import { createTriggers } from "../../src/site/triggers/triggers.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

const NOW = 1_767_607_200_000;
const LEAD = { name: "Lead", on: { type: "click", selector: "#demo" }, event: "generate_lead" };
const segmentScript = loadSegmentScript("ref_id");
const files = describeFiles(
  ["t.js", "t.more.js", "t.preview.js"].map((name) => [name, Buffer.from(name)]),
);

describe.each(testEngines)("the routes of triggers on %s", (engine) => {
  let database: TestDatabase;
  let app: Express;
  let sites: Sites;
  let site: string;
  let workspaceId: number;
  let now: number;

  beforeEach(async () => {
    workspaceId = 1;
    now = NOW;
    database = await createTestDatabase(engine);
    sites = makeSites();
    await sites.start();
    app = makeApp(sites);
    site = (await sites.create(1, { name: "Shop", hosts: ["shop.test", "*.shop.test"] })).site.id;
  });
  afterEach(async () => {
    sites.stop();
    await database.dispose();
  });

  const signIn: express.RequestHandler = (_req, res, next) => {
    const caller: Caller = { workspaceId, kind: "secret", id: "k", scopes: new Set(["admin"]) };
    setCaller(res, caller);
    next();
  };

  let ids = 0;
  const createId = () => `id${String(++ids).padStart(6, "0")}`;
  const record = async () => {};

  function makeSites(builtInSite?: { workspaceId: number; id: string }): Sites {
    const store = createTriggerStore(database.db);
    return createSites({
      builtInSite,
      db: database.db,
      createSiteKey: async (_workspace, siteId) => `key-${siteId}`,
      readTriggers: async (workspace, siteId, version) =>
        (await store.version(workspace, siteId, version))?.triggers ?? [],
      record,
      createId,
      now: () => now,
      onError: (error) => {
        throw error;
      },
    });
  }

  /** One node of the service. */
  function makeApp(of: Sites): Express {
    const triggers = createTriggers({
      store: createTriggerStore(database.db),
      findSite: of.find,
      refresh: of.refresh,
      record,
      previewKeys: createKeyring("a secret of the tests").keysFor("preview"),
      createId,
      now: () => now,
    });
    const node = express();
    node.use(createTriggerRoutes({ triggers, authorize: () => signIn }));
    const findKey = (key: string): Caller | undefined =>
      key.startsWith("key-")
        ? { workspaceId: 1, kind: "site", id: key.slice(4), scopes: new Set(["collect"]) }
        : undefined;
    node.use(createScriptRoutes({ sites: of, triggers, files, segmentScript, findKey }));
    node.use(renderError);
    return node;
  }

  const add = async (body: object) =>
    (await request(app).post(`/v1/sites/${site}/triggers`).send(body).expect(201)).body;
  const publish = async (note = "") =>
    (await request(app).post(`/v1/sites/${site}/versions`).send({ note }).expect(201)).body;
  const settings = async (node = app, key = `key-${site}`) =>
    (await request(node).get(`/t/${key}.json`).expect(200)).body;
  type Settings = { modules: [string, unknown][] };
  const moduleOf = (body: Settings, name: string) =>
    body.modules.find(([file]) => file.startsWith(`t.${name}.`));
  /** The events of the triggers that the script is told of. */
  const allEventsOf = (body: Settings) => {
    const [triggers] = (moduleOf(body, "more")?.[1] ?? [[]]) as [CompiledTrigger[]];
    return triggers.map((trigger) => trigger[5]);
  };
  /** Those of every site left out. */
  const eventsOf = (body: Settings) => allEventsOf(body).slice(0, -AUTOMATIC.length);

  it("keeps a draft apart from the site until it is published", async () => {
    const made = await add(LEAD);
    expect(made).toMatchObject({ ...LEAD, enabled: true, conditions: [], parameters: [] });
    expect(eventsOf(await settings())).toEqual([]);
    const draft = await request(app).get(`/v1/sites/${site}/triggers`);
    expect(draft.body).toEqual({ triggers: [made], published: null, changed: true });

    const version = await publish("first");
    expect(version).toMatchObject({
      version: 1,
      note: "first",
      restores: null,
      published_by: "key k",
      published_at: "2026-01-05T10:00:00.000Z",
    });
    const [file, argument] = moduleOf(await settings(), "more") ?? [];
    expect(file).toMatch(/^t\.more\.[0-9a-f]{12}\.js$/);
    const [[lead]] = argument as [CompiledTrigger[]];
    expect([lead?.[0], lead?.[3], lead?.[5]]).toEqual([
      ["click", "auxclick"],
      "#demo",
      "generate_lead",
    ]);
    expect((await request(app).get(`/v1/sites/${site}/triggers`)).body.changed).toBe(false);
  });

  it("changes and deletes a trigger of the draft", async () => {
    const { id } = await add(LEAD);
    const path = `/v1/sites/${site}/triggers/${id}`;
    const changed = await request(app).patch(path).send({ enabled: false }).expect(200);
    expect(changed.body).toMatchObject({ ...LEAD, id, enabled: false });
    await request(app).patch(path).send({ event: "" }).expect(422);
    expect((await request(app).get(path)).body).toEqual(changed.body);
    await request(app).delete(path).expect(204);
    await request(app).get(path).expect(404);
    await request(app).delete(path).expect(404);
  });

  it("rolls back by publishing the earlier version again, draft included", async () => {
    const lead = await add(LEAD);
    await publish("one");
    await request(app).delete(`/v1/sites/${site}/triggers/${lead.id}`).expect(204);
    await add({ ...LEAD, name: "Other", event: "other" });
    await publish("two");
    const restored = await request(app).post(`/v1/sites/${site}/versions/1/restore`).expect(201);
    expect(restored.body).toMatchObject({ version: 3, restores: 1, triggers: [lead] });
    const { body } = await request(app).get(`/v1/sites/${site}/triggers`);
    expect(body).toMatchObject({ triggers: [lead], changed: false, published: { version: 3 } });
    const { versions } = (await request(app).get(`/v1/sites/${site}/versions`)).body;
    expect(versions.map((one: { note: string }) => one.note)).toEqual(["one", "two", "one"]);
    await request(app).post(`/v1/sites/${site}/versions/9/restore`).expect(404);
  });

  it("publishes once when two do so at the same time", async () => {
    await add(LEAD);
    const answers = await Promise.all(
      [1, 2].map((note) =>
        request(app)
          .post(`/v1/sites/${site}/versions`)
          .send({ note: `${note}` }),
      ),
    );
    const { versions } = (await request(app).get(`/v1/sites/${site}/versions`)).body;
    const published = answers.filter(({ status }) => status === 201).length;
    expect(versions).toHaveLength(published);
    for (const { status, body } of answers) {
      if (status !== 201) expect(body.code).toBe("stale_write");
    }
  });

  it("is in force on another node within a second, the switch too", async () => {
    const otherSites = makeSites();
    await otherSites.start();
    const other = makeApp(otherSites);
    await add(LEAD);
    await publish();
    await sites.update(1, site, { collects: "page_views" }, { kind: "user", id: "u" });
    expect(await settings()).toEqual({ only: "page", modules: [] });
    const asked = performance.now();
    await expect.poll(() => settings(other), { timeout: 3000 }).toMatchObject({ only: "page" });
    expect(performance.now() - asked).toBeLessThan(1500);
    await sites.update(1, site, { collects: "nothing" }, { kind: "user", id: "u" });
    expect(await settings()).toEqual({ only: "none", modules: [] });
    await sites.update(1, site, { collects: "everything" }, { kind: "user", id: "u" });
    expect(eventsOf(await settings())).toEqual(["generate_lead"]);
    otherSites.stop();
  });

  it("tells a tag that sends nothing by itself of the site's own triggers alone", async () => {
    const quiet = async () =>
      (await request(app).get(`/t/key-${site}.json?auto=false&preview=`).expect(200)).body;
    expect(await quiet()).toEqual({ only: "", modules: [] });
    await add(LEAD);
    await publish();
    expect(allEventsOf(await quiet())).toEqual(["generate_lead"]);
  });

  it("lets a page ask again and answers 304 while nothing has changed", async () => {
    const first = await request(app).get(`/t/key-${site}.json`);
    expect(first.headers).toMatchObject({
      "cache-control": "no-cache",
      "access-control-allow-origin": "*",
    });
    const again = request(app).get(`/t/key-${site}.json`);
    await again.set("If-None-Match", first.headers["etag"] ?? "").expect(304);
    await request(app).get("/t/unknown.json").expect(401);
  });

  it("shows the draft to who has a preview's link, and to nobody else", async () => {
    await add(LEAD);
    const path = `/v1/sites/${site}/preview`;
    const asked = { url: "https://www.shop.test/prices?a=1" };
    const { body } = await request(app).post(path).send(asked).expect(201);
    const url = new URL(body.url);
    expect([url.origin, url.pathname]).toEqual(["https://www.shop.test", "/prices"]);
    const token = url.searchParams.get("clicktrail_preview") ?? "";

    const preview = await request(app).get(`/t/key-${site}.json?preview=${token}`);
    expect(preview.headers["cache-control"]).toBe("no-store");
    expect(moduleOf(preview.body, "preview")?.[1]).toEqual({
      problem: "",
      triggers: [{ name: "Lead", conditions: [] }],
    });
    expect(eventsOf(preview.body)).toEqual(["generate_lead"]);
    expect(eventsOf(await settings())).toEqual([]);

    now += 24 * 3_600_000;
    const over = await request(app).get(`/t/key-${site}.json?preview=${token}`);
    expect(moduleOf(over.body, "preview")?.[1]).toMatchObject({ problem: /link is over/ });
    expect(moduleOf(over.body, "more")).toBeUndefined();
  });

  it("gives the site of WRITE_KEY triggers too, and a preview once it has hosts", async () => {
    const builtIn = { workspaceId: 1, id: "site-default" };
    const nodes = [makeSites(builtIn), makeSites(builtIn)] as const;
    await Promise.all(nodes.map((node) => node.start()));
    const node = makeApp(nodes[0]);
    const path = "/v1/sites/site-default";
    const listed = (await nodes[1].list(1)).filter(({ id }) => id === "site-default");
    expect(listed).toMatchObject([{ name: "Built-in site", hosts: [], collects: "everything" }]);
    await request(node).post(`${path}/triggers`).send(LEAD).expect(201);
    await request(node).post(`${path}/versions`).send({}).expect(201);
    expect(eventsOf(await settings(node, "key-site-default"))).toEqual(["generate_lead"]);
    const { body } = await request(node).post(`${path}/preview`).expect(422);
    expect(body.detail).toBe("This site has no host yet.");
    await nodes[0].update(1, "site-default", { hosts: ["own.test"] }, { kind: "user", id: "u" });
    const preview = await request(node).post(`${path}/preview`).expect(201);
    expect(preview.body.url).toMatch(/^https:\/\/own\.test\//);
    for (const one of nodes) one.stop();
  });

  it("makes a preview of the site's own pages only", async () => {
    const path = `/v1/sites/${site}/preview`;
    expect((await request(app).post(path)).body.url).toMatch(/^https:\/\/shop\.test\/\?/);
    const foreign = await request(app).post(path).send({ url: "https://evil.test/" });
    expect([foreign.status, foreign.body.errors[0].pointer]).toEqual([422, "/url"]);
    await request(app).post(path).send({ url: "javascript:alert(1)" }).expect(422);
  });

  it("neither shows nor changes what belongs to another workspace", async () => {
    const { id } = await add(LEAD);
    await publish();
    workspaceId = 2;
    const own = `/v1/sites/${site}`;
    await request(app).get(`${own}/triggers`).expect(404);
    await request(app).post(`${own}/triggers`).send(LEAD).expect(404);
    await request(app).get(`${own}/triggers/${id}`).expect(404);
    await request(app).patch(`${own}/triggers/${id}`).send({ enabled: false }).expect(404);
    await request(app).delete(`${own}/triggers/${id}`).expect(404);
    await request(app).get(`${own}/versions`).expect(404);
    await request(app).post(`${own}/versions`).send({}).expect(404);
    await request(app).post(`${own}/versions/1/restore`).expect(404);
    await request(app).post(`${own}/preview`).send({}).expect(404);
  });

  it("holds a hundred triggers, and says so", async () => {
    for (let count = 0; count < 100; count++) await add(LEAD);
    const answer = await request(app).post(`/v1/sites/${site}/triggers`).send(LEAD);
    expect([answer.status, answer.body.detail]).toEqual([422, "A site has at most 100 triggers."]);
  });

  it("serves the script and its modules to any page, this version for ever", async () => {
    const answer = await request(app).get("/t.js");
    expect(answer.text).toBe("t.js");
    expect(answer.headers).toMatchObject({
      "content-type": "text/javascript; charset=utf-8",
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
    });
    expect(answer.headers["cache-control"]).toContain("max-age=600");
    await request(app)
      .get("/t.js")
      .set("If-None-Match", answer.headers["etag"] ?? "")
      .expect(304);
    const [[file = ""] = []] = (await settings()).modules;
    const module = await request(app).get(`/${file}`).expect(200);
    expect([module.text, module.headers["cache-control"]]).toEqual([
      "t.more.js",
      "public, max-age=31536000, immutable",
    ]);
    const older = await request(app).get("/t.0123456789ab.js").expect(200);
    expect([older.text, older.headers["cache-control"]]).toEqual([
      "t.js",
      expect.stringContaining("max-age=600"),
    ]);
    await request(app).get("/t.none.js").expect(404);
  });
});

const renderError: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  const known = error instanceof AppError ? error : undefined;
  const { code, errors = [], message: detail } = known ?? {};
  res.status(known?.status ?? 500).json({ code, errors, detail, error: String(error) });
};
