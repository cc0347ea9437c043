import express from "express";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import { createAccessRoutes } from "../../src/access/routes.ts";
import { renderLinkPage } from "../../src/http/link-page.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { API_KEY, createTestAccess, createTestApp, NOON, WRITE_KEY } from "./fakes.ts";

const HTML = "text/html,application/xhtml+xml,*/*;q=0.8";

const CLI = { kind: "cli", id: "cli" } as const;

let database: TestDatabase;
let access: Access;

beforeAll(async () => {
  database = await createTestDatabase("sqlite");
  access = createTestAccess(database.db, { now: NOON });
  await access.start();
});

afterAll(async () => {
  access.stop();
  await database.dispose();
});

function appThatThrows(thrown: unknown, logged: unknown[] = []) {
  const router = express.Router();
  router.get("/v1/broken/:id", () => {
    throw thrown;
  });
  const logError = ({ error }: { error: unknown }) => void logged.push(error);
  return createTestApp(access, { routers: [router], logError });
}

describe("an error", () => {
  it("is problem+json for a program", async () => {
    const error = new AppError("invalid_body", 422, "The body is wrong.", {
      hint: "Read the documentation.",
      errors: [{ pointer: "/contact/email", message: "Not an address." }],
    });
    const { status, type, body } = await request(appThatThrows(error)).get("/v1/broken/1?secret=x");
    expect([status, type]).toEqual([422, "application/problem+json"]);
    expect(body).toEqual({
      type: "/docs/errors#invalid_body",
      title: "Unprocessable Entity",
      status: 422,
      detail: "The body is wrong.",
      instance: "/v1/broken/1",
      code: "invalid_body",
      hint: "Read the documentation.",
      errors: [{ pointer: "/contact/email", message: "Not an address." }],
      request_id: "request1",
    });
  });

  it("is a page for a browser, drawn escaped and under the pages' policy", async () => {
    const error = new AppError("invalid_url", 400, "Got <script>alert(1)</script>.");
    const res = await request(appThatThrows(error)).get("/v1/broken/1").set("Accept", HTML);
    expect(res.type).toBe("text/html");
    expect(res.text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(res.text).not.toContain("<script>alert");
    expect(res.get("Content-Security-Policy")).toContain("default-src 'self'");
    expect(res.get("Content-Security-Policy")).not.toContain("unsafe-inline");
  });

  it("that nobody foresaw is logged once and tells nothing", async () => {
    const logged: unknown[] = [];
    const bug = new Error("password is hunter2");
    const res = await request(appThatThrows(bug, logged)).get("/v1/broken/1");
    expect(res.status).toBe(500);
    expect(res.text).not.toContain("hunter2");
    expect(res.body).toMatchObject({ code: "internal", request_id: "request1" });
    expect(logged).toEqual([bug]);
  });

  it("says when to try again", async () => {
    const error = new AppError("journal_full", 429, "Full.", { retryAfterS: 7 });
    const res = await request(appThatThrows(error)).get("/v1/broken/1");
    expect(res.get("Retry-After")).toBe("7");
  });

  it("in the percent-encoding of a path is the sender's, not ours", async () => {
    const res = await request(appThatThrows(new Error("never"))).get("/v1/broken/%E0%A4%A");
    expect([res.status, res.body.code]).toEqual([400, "invalid_url"]);
  });
});

describe("a path", () => {
  it.each(["/nothing", "/v1/nothing", "/v1/keys/a/b", "/contacts/%E0%A4%A/x"])(
    "that does not exist, %s, is 404",
    async (path) => {
      const res = await request(createTestApp(access)).get(path);
      expect([res.status, res.body.code]).toEqual([404, "not_found"]);
    },
  );

  it.each([
    ["put", "/v1/keys", "GET, HEAD, POST"],
    ["post", "/v1/keys/abc", "DELETE"],
    ["delete", "/healthz", "GET, HEAD"],
    ["get", "/theme", "POST"],
  ] as const)("answers %s %s with 405 and what it allows", async (method, path, allowed) => {
    const res = await request(createTestApp(access))[method](path);
    expect([res.status, res.body.code]).toEqual([405, "method_not_allowed"]);
    expect(res.get("Allow")).toBe(allowed);
  });

  it("knows the methods of every router that answers it", async () => {
    const one = express.Router().get("/v1/things/:id", (_req, res) => void res.end());
    const two = express.Router().patch("/v1/things/:id", (_req, res) => void res.end());
    const app = createTestApp(access, { routers: [one, two] });
    expect((await request(app).delete("/v1/things/7")).get("Allow")).toBe("GET, HEAD, PATCH");
  });
});

describe("the service's own routes", () => {
  it("tell that it lives, is ready, and how it fares", async () => {
    const app = createTestApp(access);
    expect((await request(app).get("/healthz")).body).toEqual({ status: "ok" });
    const ready = await request(app).get("/readyz");
    expect(ready.status).toBe(200);
    expect(ready.body).toMatchObject({ settled: true, projections: [{ name: "traffic", lag: 0 }] });
    expect((await request(app).get("/metrics")).text).toContain("clicks_total 1");
  });

  it("ask for the metrics token where one is set", async () => {
    const health = {
      readiness: async () => {
        throw new Error("not asked");
      },
      metrics: { contentType: "text/plain", metrics: async () => "x 1" },
      metricsToken: "m-token",
    };
    const app = createTestApp(access, { health });
    expect((await request(app).get("/metrics")).status).toBe(401);
    const asked = await request(app).get("/metrics").set("Authorization", "Bearer m-token");
    expect(asked.text).toBe("x 1");
  });

  it("keep crawlers out and name the request", async () => {
    const res = await request(createTestApp(access)).get("/robots.txt");
    expect(res.text).toContain("Disallow: /");
    expect(res.get("X-Request-Id")).toBe("request1");
    expect(res.get("X-Content-Type-Options")).toBe("nosniff");
    expect(res.get("X-Powered-By")).toBeUndefined();
  });
});

describe("the API of keys", () => {
  const auth = { Authorization: `Bearer ${API_KEY}` };

  it.each([
    ["no key", {}, 401, "No API key was sent."],
    ["an unknown key", { Authorization: "Bearer nope" }, 401, "unknown, expired or was revoked"],
    ["a site key", { Authorization: `Bearer ${WRITE_KEY}` }, 403, "only adds events"],
  ])("refuses %s", async (_case, headers, status, detail) => {
    const res = await request(createTestApp(access)).get("/v1/keys").set(headers);
    expect(res.status).toBe(status);
    expect(res.body.detail).toContain(detail);
    expect(res.get("WWW-Authenticate")).toBe(
      status === 401 ? 'Bearer realm="clicktrail"' : undefined,
    );
  });

  it("tells a caller without a key how to get one", async () => {
    const { body } = await request(createTestApp(access)).get("/v1/keys");
    expect(body.hint).toBe(
      "Send it as `Authorization: Bearer …`. Create one with `clicktrail keys create` or in Settings > Keys.",
    );
  });

  it("takes the key as the user name of Basic too", async () => {
    const res = await request(createTestApp(access)).get("/v1/keys").auth(API_KEY, "");
    expect(res.status).toBe(200);
  });

  it("makes a key, shows it once, and revokes it", async () => {
    const app = createTestApp(access);
    const body = { name: "Mailer", scopes: ["rewrite", "read"], expires_in_days: 30 };
    const made = await request(app).post("/v1/keys").set(auth).send(body);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: "Mailer",
      kind: "secret",
      scopes: ["rewrite", "read"],
      created_at: "2026-03-03T12:00:00.000Z",
      expires_at: "2026-04-02T12:00:00.000Z",
      revoked_at: null,
    });
    const listed = await request(app).get("/v1/keys").set(auth);
    expect(listed.text).toContain(made.body.prefix);
    expect(listed.text).not.toContain(made.body.key);
    const theirs = { Authorization: `Bearer ${made.body.key}` };
    expect((await request(app).get("/v1/keys").set(theirs)).status).toBe(403);
    expect((await request(app).delete(`/v1/keys/${made.body.id}`).set(auth)).status).toBe(204);
    expect((await request(app).get("/v1/keys").set(theirs)).status).toBe(401);
    expect((await request(app).delete(`/v1/keys/${made.body.id}`).set(auth)).status).toBe(404);
  });

  it.each([
    [{ name: "x", scopes: ["everything"] }, "/scopes/0"],
    [{ name: " ", scopes: ["read"] }, "/name"],
    [{ name: "x", scopes: [] }, "/scopes"],
    [{ name: "x", scopes: ["read"], expires: 3 }, "/expires"],
  ])("points at what is wrong with %j", async (body, pointer) => {
    const res = await request(createTestApp(access)).post("/v1/keys").set(auth).send(body);
    expect(res.status).toBe(422);
    expect(res.body.errors[0].pointer).toBe(pointer);
  });

  it("lets only the default workspace add workspaces, and keeps their keys apart", async () => {
    const app = createTestApp(access);
    const made = await request(app).post("/v1/workspaces").set(auth).send({ name: "Client" });
    expect(made.status).toBe(201);
    const theirs = { Authorization: `Bearer ${made.body.api_key}` };
    const listed = await request(app).get("/v1/keys").set(theirs);
    expect(listed.body.keys).toHaveLength(1);
    const { id: mine } = await access.createApiKey(1, { name: "m", scopes: ["read"] }, CLI);
    expect((await request(app).delete(`/v1/keys/${mine}`).set(theirs)).status).toBe(404);
    const again = await request(app).post("/v1/workspaces").set(theirs).send({ name: "x" });
    expect(again.status).toBe(403);
  });

  it("pages through the audit log", async () => {
    const app = createTestApp(access);
    const first = await request(app).get("/v1/audit?limit=1").set(auth);
    const second = await request(app).get(`/v1/audit?limit=1&cursor=${first.body.next}`).set(auth);
    expect(first.body.entries[0].id > second.body.entries[0].id).toBe(true);
    expect((await request(app).get("/v1/audit?limit=0").set(auth)).body.code).toBe("invalid_query");
  });

  it("stops a key at 1,000 requests a second", async () => {
    const passed: unknown[] = [];
    const { key } = await access.createApiKey(1, { name: "busy", scopes: ["read"] }, CLI);
    const routes = createAccessRoutes({ ...access, now: () => NOON });
    const app = createTestApp(access, { routers: [routes] });
    const limit = access.rateLimit;
    const req = { headers: { authorization: `Bearer ${key}` }, app, ip: "192.0.2.1" };
    for (let n = 0; n < 1001; n++) {
      await new Promise<void>((resolve) => {
        Reflect.apply(limit, undefined, [
          req,
          { headersSent: false },
          (error: unknown) => {
            passed.push(error);
            resolve();
          },
        ]);
      });
    }
    expect(passed.filter((error) => error === undefined)).toHaveLength(1000);
    expect(passed.at(-1)).toMatchObject({ code: "rate_limited", status: 429, retryAfterS: 1 });
  });
});

describe("the page of a dead link", () => {
  it.each([
    ["unknown", "This link is unknown."],
    ["expired", "This link has expired."],
    ["stopped", "This link was stopped by its sender."],
  ] as const)("says that it is %s, without navigation or inline code", (reason, text) => {
    const page = renderLinkPage(reason);
    expect(page).toContain(`<h1>${text}</h1>`);
    expect(page).not.toMatch(/<nav|<style|style=|<script(?![^>]* src=)/);
  });
});
