import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Access } from "../../src/access/access.ts";
import { createOpenApi } from "../../src/http/openapi/document.ts";
import { OPERATIONS } from "../../src/http/openapi/operations.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { BASE_URL, createTestAccess, createTestApp, NOON } from "./fakes.ts";

let database: TestDatabase;
let access: Access;

beforeAll(async () => {
  database = await createTestDatabase("sqlite");
  access = createTestAccess(database.db, { now: NOON });
});

afterAll(() => database.dispose());

describe("the API's document", () => {
  it("describes every operation once, under a name of its own", () => {
    const document = createOpenApi(BASE_URL);
    const operations = Object.values(document.paths ?? {}).flatMap((path) => Object.values(path));
    const names = operations.map((operation) => Reflect.get(operation, "operationId"));
    expect(new Set(names).size).toBe(OPERATIONS.length);
    expect(names).toContain("postV1Rewrite");
  });

  it("takes bodies from the schemas that the routes check", () => {
    const text = JSON.stringify(createOpenApi(BASE_URL).paths?.["/v1/rewrite"]);
    for (const option of ["merge_tags", "record_sent", "tracking_url", "recipient_tag"]) {
      expect(text).toContain(option);
    }
  });

  it("gives examples that the schemas accept", () => {
    for (const { body, example, path } of OPERATIONS) {
      if (body) expect(body.safeParse(example).error, path).toBeUndefined();
    }
  });

  it("is served with a tag that saves sending it again", async () => {
    const app = createTestApp(access);
    const first = await request(app).get("/openapi.json");
    expect(first.body.openapi).toBe("3.1.1");
    const etag = first.get("ETag") ?? "";
    expect((await request(app).get("/openapi.json").set("If-None-Match", etag)).status).toBe(304);
  });
});

describe("the API's page", () => {
  it("shows a call to copy for every operation, and fetches nothing", async () => {
    const { text } = await request(createTestApp(access)).get("/docs");
    expect(text.match(/<article /g)).toHaveLength(OPERATIONS.length);
    expect(text).toContain("curl -X POST http://127.0.0.1:3000/v1/rewrite");
    expect(text).not.toMatch(/(src|href)="https?:/);
  });

  it("explains the code that an error's type points at", async () => {
    const app = createTestApp(access);
    const { body } = await request(app).get("/v1/nothing");
    const [page, code] = body.type.split("#");
    expect((await request(app).get(page)).text).toContain(`id="${code}"`);
  });
});
