import express, { type ErrorRequestHandler, type Express } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Caller, setCaller } from "../../src/lib/caller.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createSiteRoutes } from "../../src/site/routes.ts";
import { createSites, type Sites } from "../../src/site/sites.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

const NOW = 1_767_607_200_000;

describe.each(testEngines)("the routes of sites on %s", (engine) => {
  let database: TestDatabase;
  let sites: Sites;
  let app: Express;
  let workspaceId: number;

  beforeEach(async () => {
    workspaceId = 1;
    database = await createTestDatabase(engine);
    sites = makeSites();
    await sites.start();
    app = express();
    app.use(createSiteRoutes({ sites, authorize: () => signIn }));
    app.use(renderError);
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
  const audit: unknown[][] = [];
  function makeSites(): Sites {
    return createSites({
      builtInSite: undefined,
      db: database.db,
      createSiteKey: async (workspace, siteId) => `cts_${workspace}_${siteId}`,
      readTriggers: async () => [],
      record: async (...entry) => void audit.push(entry),
      createId: () => `id${++ids}`,
      now: () => NOW,
      onError: (error) => {
        throw error;
      },
    });
  }

  it("registers a site, shows its key once and knows its hosts at once", async () => {
    const answer = await request(app)
      .post("/v1/sites")
      .send({ name: "Shop", hosts: ["Shop.test", "*.shop.test", "shop.test"] });
    expect(answer.status).toBe(201);
    const { id } = answer.body;
    expect(answer.body).toEqual({
      id,
      name: "Shop",
      hosts: ["shop.test", "*.shop.test"],
      created_at: "2026-01-05T10:00:00.000Z",
      collects: "everything",
      live_version: null,
      write_key: `cts_1_${id}`,
    });
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(sites.isSiteHost(1, "www.shop.test")).toBe(true);
    expect(sites.isSiteHost(2, "www.shop.test")).toBe(false);
    const list = await request(app).get("/v1/sites");
    expect(list.body.sites).toMatchObject([{ id, hosts: ["shop.test", "*.shop.test"] }]);
    expect(list.text).not.toContain("cts_");
  });

  it("changes hosts, which count at once", async () => {
    const { body } = await request(app)
      .post("/v1/sites")
      .send({ name: "Shop", hosts: ["a.test"] });
    await request(app)
      .patch(`/v1/sites/${body.id}`)
      .send({ hosts: ["b.test"] })
      .expect(200);
    expect(sites.isSiteHost(1, "a.test")).toBe(false);
    expect(sites.isSiteHost(1, "b.test")).toBe(true);
  });

  it("names every wrong host", async () => {
    const answer = await request(app)
      .post("/v1/sites")
      .send({ name: "", hosts: ["ok.test", "https://shop.test/x"], host: 1 });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
      "/host",
      "/hosts/1",
      "/name",
    ]);
  });

  it("neither shows nor changes another workspace's sites", async () => {
    const { body } = await request(app)
      .post("/v1/sites")
      .send({ name: "Shop", hosts: ["a.test"] });
    workspaceId = 2;
    expect((await request(app).get("/v1/sites")).body).toEqual({ sites: [] });
    await request(app).patch(`/v1/sites/${body.id}`).send({ name: "Mine" }).expect(404);
  });

  it("loads the sites again after a restart", async () => {
    await request(app)
      .post("/v1/sites")
      .send({ name: "Shop", hosts: ["a.test"] })
      .expect(201);
    const again = makeSites();
    expect(again.isSiteHost(1, "a.test")).toBe(false);
    await again.start();
    again.stop();
    expect(again.isSiteHost(1, "a.test")).toBe(true);
  });

  it("switches off what the script sends, in force on this node at once", async () => {
    const { body } = await request(app)
      .post("/v1/sites")
      .send({ name: "Shop", hosts: ["a.test"] });
    const change = { collects: "page_views" };
    const answer = await request(app).patch(`/v1/sites/${body.id}`).send(change).expect(200);
    expect(answer.body.collects).toBe("page_views");
    expect(sites.live(1, body.id).collects).toBe("page_views");
    expect(audit.at(-1)).toMatchObject([1, { id: "k" }, "site.update", body.id, change]);
    await request(app).patch(`/v1/sites/${body.id}`).send({ collects: "some" }).expect(422);
  });
});

const renderError: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  const known = error instanceof AppError ? error : undefined;
  res.status(known?.status ?? 500).json({ code: known?.code, errors: known?.errors ?? [] });
};
