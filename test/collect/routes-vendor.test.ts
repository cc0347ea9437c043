import express from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { createVendorRoutes } from "../../src/collect/routes-vendor.ts";
import type { Caller } from "../../src/lib/caller.ts";
import { renderError } from "./app.ts";

const CALLER: Caller = { workspaceId: 7, kind: "site", id: "s1", scopes: new Set(["collect"]) };

function createApp() {
  const app = express();
  const findKey = (secret: string) => (secret === "site-key" ? CALLER : undefined);
  app.use(createVendorRoutes({ findKey, baseUrl: "https://t.test/track/" }));
  app.use(renderError);
  return app;
}

describe("settings of other vendors' clients", () => {
  it("tells Segment's client where to send", async () => {
    const answer = await request(createApp()).get("/v1/projects/site-key/settings").expect(200);
    expect(answer.body).toEqual({
      integrations: {
        "Segment.io": { apiKey: "site-key", apiHost: "t.test/track/v1", protocol: "https" },
      },
      plan: { track: { __default: { enabled: true } } },
    });
  });

  it("tells RudderStack's client its source, by Basic after a preflight", async () => {
    const app = createApp();
    await request(app).options("/sourceConfig/").set("Origin", "https://a.test").expect(204);
    const answer = await request(app)
      .get("/sourceConfig/?p=npm&writeKey=site-key")
      .auth("site-key", "")
      .expect(200);
    expect(answer.body.source).toMatchObject({ id: "s1", writeKey: "site-key", workspaceId: "7" });
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it.each(["/v1/projects/nobody/settings", "/sourceConfig?writeKey=nobody", "/sourceConfig"])(
    "refuses %s",
    async (path) => {
      await request(createApp()).get(path).expect(401);
    },
  );
});
