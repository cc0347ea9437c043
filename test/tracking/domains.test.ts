import express, { type ErrorRequestHandler, type Express } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setCaller } from "../../src/lib/caller.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createAppLinks } from "../../src/tracking/app-links.ts";
import { createDomains, type Domains } from "../../src/tracking/domains.ts";
import { createDomainRoutes } from "../../src/tracking/routes-domains.ts";
import { createWellKnownRoutes } from "../../src/tracking/routes-well-known.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

const NOW = Date.parse("2026-01-05T10:00:00.000Z");
const BASE = "https://click.service.test/track";
const PROOF = "proof-of-this-installation";
const APPLE = { applinks: { details: [{ appIDs: ["T.app"], components: [{ "/": "/c/*" }] }] } };

describe.each(testEngines)("tracking domains on %s", (engine) => {
  let database: TestDatabase;
  let domains: Domains;
  let app: Express;
  let workspaceId: number;
  /** Hosts that answer with our proof. */
  let reaching: Set<string>;
  let audit: string[];

  beforeEach(async () => {
    workspaceId = 2;
    reaching = new Set(["click.brand.test"]);
    audit = [];
    database = await createTestDatabase(engine);
    domains = create();
    app = express();
    const authorize = (scope: "read" | "admin" | "rewrite" | "collect"): express.RequestHandler => {
      return (_req, res, next) => {
        setCaller(res, { workspaceId, kind: "secret", id: "key1", scopes: new Set([scope]) });
        next();
      };
    };
    const recordAudit = async (_workspace: number, _actor: unknown, action: string) => {
      audit.push(action);
    };
    const now = () => NOW;
    const { db } = database;
    const appLinks = createAppLinks({ db, now, domains, ownWorkspaceId: 1, recordAudit });
    app.use(createDomainRoutes({ domains, appLinks, authorize }));
    app.use(
      createWellKnownRoutes({
        appLinks,
        proof: PROOF,
        securityContact: "mailto:security@service.test",
        baseUrl: BASE,
        now,
      }),
    );
    app.use(renderError);
  });
  afterEach(() => database.dispose());

  function create(): Domains {
    const resolve = async () => ["8.8.8.8"];
    return createDomains({
      db: database.db,
      now: () => NOW,
      baseUrl: BASE,
      proof: PROOF,
      network: {
        resolveCname: resolve,
        resolve4: resolve,
        resolve6: resolve,
        fetchProof: async (host) => (reaching.has(host) ? PROOF : "another server"),
      },
      async recordAudit(_workspace, _actor, action) {
        audit.push(action);
      },
      onError: (error) => {
        throw error;
      },
    });
  }

  const add = (host: string) => request(app).post("/v1/domains").send({ host });

  it("are verified when they are added and reach the service", async () => {
    const answer = await add(" Click.Brand.test. ").expect(201);
    expect(answer.body).toEqual({
      host: "click.brand.test",
      status: "verified",
      problem: null,
      default: false,
      created_at: "2026-01-05T10:00:00.000Z",
      checked_at: "2026-01-05T10:00:00.000Z",
      verified_at: "2026-01-05T10:00:00.000Z",
    });
    const list = await request(app).get("/v1/domains");
    expect(list.body).toEqual({ domains: [answer.body], target: "click.service.test" });
    workspaceId = 3;
    expect((await request(app).get("/v1/domains")).body.domains).toEqual([]);
    await request(app).delete("/v1/domains/click.brand.test").expect(404);
  });

  it("say what is missing, and are verified later", async () => {
    const { body } = await add("new.brand.test").expect(201);
    expect(body).toMatchObject({ status: "pending", problem: { code: "wrong_answer" } });
    expect(() => domains.basesOf(2, "new.brand.test")).toThrow(/no verified domain/);
    reaching.add("new.brand.test");
    const again = await request(app).post("/v1/domains/new.brand.test/check").expect(200);
    expect(again.body).toMatchObject({ status: "verified", problem: null });
    reaching.clear();
    const later = await request(app).post("/v1/domains/new.brand.test/check");
    expect(later.body).toMatchObject({ status: "failing", problem: { code: "wrong_answer" } });
  });

  it("carry new links when a mail asks for one, or by default, and count as ours for ever", async () => {
    await add("click.brand.test");
    const first = (wanted?: string) => domains.basesOf(2, wanted)[0];
    expect(first()).toBe(BASE);
    expect(first("CLICK.brand.test")).toBe("https://click.brand.test/track");
    await request(app).patch("/v1/domains/click.brand.test").send({ default: true }).expect(200);
    expect(first()).toBe("https://click.brand.test/track");
    expect(first("click.service.test")).toBe(BASE);
    expect(domains.basesOf(3)).not.toContain("https://click.brand.test/track");
    await request(app).delete("/v1/domains/click.brand.test").expect(204);
    expect(first()).toBe(BASE);
    expect(domains.basesOf(2)).toContain("https://click.brand.test/track");
    expect(audit).toEqual(["domain.add", "domain.change", "domain.remove"]);
  });

  it("are not default before they are verified", async () => {
    await add("new.brand.test");
    const answer = await request(app)
      .patch("/v1/domains/new.brand.test")
      .send({ default: true })
      .expect(409);
    expect(answer.body.code).toBe("domain_not_verified");
  });

  it("belong to one workspace, whose links alone they serve", async () => {
    await add("click.brand.test");
    expect(domains.isForeign("click.brand.test:443", 2)).toBe(false);
    expect(domains.isForeign("Click.Brand.Test", 3)).toBe(true);
    expect(domains.isForeign("click.service.test", 3)).toBe(false);
    expect(domains.isForeign(undefined, 3)).toBe(false);
    workspaceId = 3;
    const { body } = await add("click.brand.test").expect(201);
    expect(body).toMatchObject({ status: "pending", problem: { code: "taken" } });
    expect(domains.workspaceOf("click.brand.test")).toBe(2);
    workspaceId = 2;
    await request(app).delete("/v1/domains/click.brand.test").expect(204);
    workspaceId = 3;
    const again = await request(app).post("/v1/domains/click.brand.test/check");
    expect(again.body.status).toBe("verified");
    expect(domains.isForeign("click.brand.test", 2)).toBe(true);
  });

  it("are known after a restart", async () => {
    await add("click.brand.test");
    const other = create();
    expect(other.isForeign("click.brand.test", 3)).toBe(false);
    await other.start();
    other.stop();
    expect(other.isForeign("click.brand.test", 3)).toBe(true);
  });

  it.each([
    "",
    "brand",
    "https://click.brand.test",
    "a b.test",
    "*.brand.test",
    "10.0.0.1",
    "[::1]",
    "click.brand.test:8443",
    "user@brand.test",
    "click.service.test",
  ])("refuse %j", async (host) => {
    const answer = await add(host).expect(422);
    expect(answer.body.errors[0].pointer).toBe("/host");
  });

  describe("serve app links", () => {
    const file = "/v1/domains/click.brand.test/apple-app-site-association";
    const get = (path: string, host: string) => request(app).get(path).set("Host", host);
    const PATH = "/.well-known/apple-app-site-association";

    it("of their own, as JSON and without a redirect", async () => {
      await add("click.brand.test");
      await get(PATH, "click.brand.test").expect(404);
      await request(app).put(file).send(APPLE).expect(204);
      for (const path of [PATH, "/apple-app-site-association"]) {
        const answer = await get(path, "click.brand.test").expect(200);
        expect(answer.headers["content-type"]).toBe("application/json");
        expect(answer.body).toEqual(APPLE);
      }
      await get(PATH, "other.test").expect(404);
      expect((await request(app).get(file)).body).toEqual(APPLE);
      await request(app).delete(file).expect(204);
      await get(PATH, "click.brand.test").expect(404);
    });

    it("on the service's own host for the operator's workspace", async () => {
      const links = "/v1/domains/click.service.test/assetlinks.json";
      const statement = { relation: ["delegate_permission/common.handle_all_urls"], target: {} };
      await request(app).put(links).send([statement]).expect(404);
      workspaceId = 1;
      await request(app).put(links).send([statement]).expect(204);
      const answer = await get("/.well-known/assetlinks.json", "click.service.test").expect(200);
      expect(answer.body).toEqual([statement]);
    });

    it("that the platform would take", async () => {
      await add("click.brand.test");
      await request(app).put(file).send({ links: [] }).expect(422);
      await request(app).put(file).send([]).expect(422);
      const other = "/v1/domains/click.brand.test/assetlinks.json";
      await request(app).put(other).send([]).expect(422);
      await request(app).put("/v1/domains/click.brand.test/robots.txt").send({}).expect(404);
    });
  });

  it("answer with the proof, and name whom to tell of a hole", async () => {
    expect((await request(app).get("/.well-known/clicktrail")).text).toBe(PROOF);
    const { text } = await request(app).get("/.well-known/security.txt").expect(200);
    expect(text.split("\n")).toEqual([
      "Contact: mailto:security@service.test",
      "Expires: 2026-07-06T10:00:00.000Z",
      "Canonical: https://click.service.test/.well-known/security.txt",
      "",
    ]);
  });
});

const renderError: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  if (!(error instanceof AppError)) throw error;
  const { status, code, errors, hint } = error;
  res.status(status).json({ code, errors, hint });
};
