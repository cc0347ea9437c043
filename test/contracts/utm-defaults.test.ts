import express from "express";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createUtmRoutes } from "../../src/email/routes-utm.ts";
import { createUtmDefaults, type UtmDefaults } from "../../src/email/utm-defaults.ts";
import { setCaller } from "../../src/lib/caller.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

describe.each(testEngines)("UTM defaults on %s", (engine) => {
  let database: TestDatabase;
  let defaults: UtmDefaults;
  const audit: unknown[] = [];
  const actor = { kind: "cli", id: "cli" } as const;

  beforeAll(async () => {
    database = await createTestDatabase(engine);
    defaults = open();
  });
  afterAll(() => database.dispose());

  function open(): UtmDefaults {
    return createUtmDefaults({
      db: database.db,
      now: () => 1,
      recordAudit: async (...entry) => {
        audit.push(entry);
      },
      onError(error) {
        throw error;
      },
    });
  }

  it("are none at first, then the workspace's under the campaign's", async () => {
    expect(defaults.of(1, "spring")).toEqual({});
    await defaults.set(
      1,
      { campaign: null, utm: { utm_source: "news", utm_medium: "auto" } },
      actor,
    );
    await defaults.set(1, { campaign: "spring", utm: { utm_medium: "", utm_term: "t" } }, actor);
    expect(defaults.of(1, "autumn")).toEqual({ utm_source: "news", utm_medium: "auto" });
    expect(defaults.of(1, "spring")).toEqual({
      utm_source: "news",
      utm_medium: "",
      utm_term: "t",
    });
    expect(audit).toHaveLength(2);
  });

  it("are those of the workspace alone", async () => {
    expect(defaults.of(2, "spring")).toEqual({});
    expect(await defaults.list(2)).toEqual([]);
    await defaults.set(2, { campaign: "spring", utm: {} }, actor);
    expect(defaults.of(1, "spring")).toMatchObject({ utm_term: "t" });
  });

  it("are seen by another node, and forgotten when all are taken away", async () => {
    const other = open();
    await other.refresh();
    expect(other.of(1, "spring")).toEqual(defaults.of(1, "spring"));
    await other.set(1, { campaign: "spring", utm: {} }, actor);
    await defaults.refresh();
    expect(defaults.of(1, "spring")).toEqual(defaults.of(1, "autumn"));
  });

  it("are stored and listed by the API, which says what is wrong with others", async () => {
    const app = express().use(
      createUtmRoutes({
        utmDefaults: defaults,
        authorize: (scope) => (_req, res, next) => {
          setCaller(res, { workspaceId: 7, kind: "secret", id: "k", scopes: new Set([scope]) });
          next();
        },
      }),
      (error: unknown, _: express.Request, res: express.Response, _next: express.NextFunction) => {
        if (!(error instanceof AppError)) throw error;
        res.status(error.status).json({ code: error.code, message: error.message });
      },
    );
    const put = (body: object) => request(app).put("/v1/utm-defaults").send(body);
    expect((await put({ utm: { utm_source: "n" } })).body).toEqual({
      campaign: null,
      utm: { utm_source: "n" },
    });
    await put({ campaign: " b ", utm: { utm_id: "7" } });
    expect((await request(app).get("/v1/utm-defaults")).body.utm_defaults).toEqual([
      { campaign: null, utm: { utm_source: "n" } },
      { campaign: "b", utm: { utm_id: "7" } },
    ]);
    for (const [body, message] of [
      [{ utm: { utm_sorce: "n" } }, 'Did you mean "utm_source"?'],
      [{ utm: { utm_source: "auto" } }, "`auto` works for"],
      [{ campaign: "a" }, "/utm"],
    ] as const) {
      const refused = await put(body);
      expect([refused.status, refused.body.message]).toEqual([
        422,
        expect.stringContaining(message),
      ]);
    }
  });
});
