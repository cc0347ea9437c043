import express, { type ErrorRequestHandler, type Express } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCampaigns } from "../../src/email/campaigns.ts";
import { createExceptions, type Exceptions } from "../../src/email/exceptions.ts";
import { createCampaignsProjection } from "../../src/email/project.ts";
import { createCampaignRoutes } from "../../src/email/routes-campaigns.ts";
import { setCaller } from "../../src/lib/caller.ts";
import { AppError } from "../../src/lib/errors.ts";
import { createEvent } from "../../src/log/event.ts";
import { ensureGenerations, tableOf } from "../../src/log/generations.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

const NOW = Date.parse("2026-01-05T10:00:00.000Z");

interface Audited {
  action: string;
  subject: string;
  detail: Record<string, unknown>;
}

describe.each(testEngines)("the routes of campaigns on %s", (engine) => {
  let database: TestDatabase;
  let exceptions: Exceptions;
  let app: Express;
  let workspaceId: number;
  let audit: Audited[];
  let admitted: string[];
  let scopes: string[];

  beforeEach(async () => {
    workspaceId = 1;
    audit = [];
    admitted = [];
    scopes = [];
    database = await createTestDatabase(engine);
    const { db } = database;
    await ensureGenerations(db, createCampaignsProjection(engine));
    await rewritten(1, "k1", "spring sale", ["https://shop.test/a", "https://shop.test/p?id={0}"]);
    await rewritten(1, "k2", "autumn", ["https://shop.test/c"]);
    await rewritten(2, "k9", "foreign", ["https://z.test/"]);
    exceptions = createExceptions({
      db,
      now: () => NOW,
      fallback: undefined,
      onError: (error) => {
        throw error;
      },
    });
    const campaigns = createCampaigns({
      db,
      now: () => NOW,
      async recordAudit(_workspaceId, _actor, action, subject, detail = {}) {
        audit.push({ action, subject, detail });
      },
      refreshExceptions: exceptions.refresh,
      isTracked: (_workspaceId, url) => url.includes("/c/"),
      async admitDestinations(_workspaceId, urls) {
        admitted.push(...urls);
      },
    });
    app = express();
    app.use(
      createCampaignRoutes({
        campaigns,
        authorize: (scope) => (_req, res, next) => {
          scopes.push(scope);
          setCaller(res, { workspaceId, kind: "secret", id: "key1", scopes: new Set([scope]) });
          next();
        },
      }),
    );
    app.use(renderError);
  });
  afterEach(() => database.dispose());

  async function rewritten(
    workspace: number,
    campaignId: string,
    campaign: string,
    urls: readonly string[],
  ): Promise<void> {
    const links = urls.map((url, index) => ({ index, name: null, text: `Link ${index}`, url }));
    const at = NOW - 1000 * Number(campaignId.slice(1));
    const event = createEvent({
      workspace_id: workspace,
      source_id: "rewrite",
      event_id: campaignId,
      source: "email",
      type: "rewrite",
      name: "email_rewritten",
      occurred_at: at,
      received_at: at,
      campaign_id: campaignId,
      properties: { campaign, links, honeypot: null },
    });
    const batch = { events: [{ ...event, seq: 1, txid: 0 }], changes: [], table: tableOf(1) };
    const { db } = database;
    await db.batch(await createCampaignsProjection(engine).handle(batch, db));
  }

  const patch = (path: string, body: object) =>
    request(app).patch(`/v1/campaigns/${path}`).send(body);

  it("lists campaigns, last sent first, page by page", async () => {
    const first = await request(app).get("/v1/campaigns?limit=1").expect(200);
    expect(first.body.campaigns).toEqual([
      {
        id: "k1",
        name: "spring sale",
        first_at: "2026-01-05T09:59:59.000Z",
        last_at: "2026-01-05T09:59:59.000Z",
        stopped: false,
        expires_at: null,
        fallback: null,
        cost: null,
      },
    ]);
    const second = await request(app).get(`/v1/campaigns?limit=1&cursor=${first.body.next}`);
    expect(second.body).toMatchObject({ campaigns: [{ id: "k2" }], next: null });
    await request(app).get("/v1/campaigns?cursor=made-up").expect(422);
  });

  it("finds a campaign by its id or its name, and no other workspace's", async () => {
    const byName = await request(app).get("/v1/campaigns/spring%20sale").expect(200);
    expect(byName.body.id).toBe("k1");
    await request(app).get("/v1/campaigns/k1").expect(200);
    for (const path of ["k9", "foreign", "k9/links", "k9/links/0"]) {
      await request(app).get(`/v1/campaigns/${path}`).expect(404);
    }
    await patch("k9", { stopped: true }).expect(404);
    await patch("k9/links/0", { stopped: true }).expect(404);
    expect(exceptions.find(2, "k9", 0)).toBeUndefined();
  });

  it("edits a destination, in force when it answers, with every version kept", async () => {
    await patch("spring%20sale/links/0", { destination: "https://shop.test/b" }).expect(200);
    expect(exceptions.find(1, "k1", 0)).toEqual({
      version: 1,
      destination: "https://shop.test/b",
      state: null,
    });
    const { body } = await patch("k1/links/0", { destination: "https://shop.test/ü" });
    expect(body).toMatchObject({
      index: 0,
      url: "https://shop.test/a",
      destination: "https://shop.test/%C3%BC",
      version: 2,
      versions: [
        {
          version: 2,
          destination: "https://shop.test/%C3%BC",
          actor: { kind: "secret", id: "key1" },
        },
        { version: 1, destination: "https://shop.test/b", at: "2026-01-05T10:00:00.000Z" },
      ],
    });
    const undone = await patch("k1/links/0", { destination: null });
    expect(undone.body).toMatchObject({ destination: "https://shop.test/a", version: 3 });
    expect(exceptions.find(1, "k1", 0)).toBeUndefined();
    const read = await request(app).get("/v1/campaigns/k1/links/0").expect(200);
    expect(read.body).toEqual(undone.body);
    expect(admitted).toEqual(["https://shop.test/b", "https://shop.test/%C3%BC"]);
    expect(scopes).toEqual(["admin", "admin", "admin", "read"]);
  });

  it("says in the audit log what it was before and after", async () => {
    await patch("k1/links/0", { destination: "https://shop.test/b" });
    await patch("k1", { expires_at: "2026-02-01T00:00:00+01:00" });
    const none = { stopped: false, expires_at: null, fallback: null };
    expect(audit).toEqual([
      {
        action: "link.change",
        subject: "k1/0",
        detail: {
          campaign: "spring sale",
          before: { ...none, destination: "https://shop.test/a" },
          after: { ...none, destination: "https://shop.test/b" },
        },
      },
      {
        action: "campaign.change",
        subject: "k1",
        detail: {
          campaign: "spring sale",
          before: { ...none, cost: null },
          after: { ...none, expires_at: "2026-01-31T23:00:00.000Z", cost: null },
        },
      },
    ]);
  });

  it("makes no version of what changes nothing", async () => {
    await patch("k1/links/0", { stopped: false, destination: null }).expect(200);
    const { body } = await request(app).get("/v1/campaigns/k1/links/0");
    expect(body).toMatchObject({ version: 0, versions: [] });
    expect(audit).toEqual([]);
  });

  it("stops and resumes a campaign, with a fallback", async () => {
    const { body } = await patch("k1", { stopped: true, fallback: "https://shop.test/over" });
    expect(body).toMatchObject({ stopped: true, fallback: "https://shop.test/over" });
    expect(exceptions.find(1, "k1", 99)).toEqual({
      version: null,
      destination: "https://shop.test/over",
      state: "stopped",
    });
    await patch("k1", { stopped: false, fallback: null }).expect(200);
    expect(exceptions.find(1, "k1", 99)).toBeUndefined();
  });

  it("keeps what a campaign cost", async () => {
    const cost = { value_minor: 12_500, currency: "EUR" };
    expect((await patch("k1", { cost })).body.cost).toEqual(cost);
    expect((await request(app).get("/v1/campaigns/k1")).body.cost).toEqual(cost);
    expect((await patch("k1", { cost: null })).body.cost).toBeNull();
  });

  it("lists the links of a mail with where they lead now", async () => {
    await patch("k1/links/1", { destination: "https://new.test/{0}" }).expect(200);
    const { body } = await request(app).get("/v1/campaigns/k1/links").expect(200);
    expect(body.links).toMatchObject([
      { index: 0, text: "Link 0", destination: "https://shop.test/a", version: 0 },
      {
        index: 1,
        url: "https://shop.test/p?id={0}",
        destination: "https://new.test/{0}",
        version: 1,
      },
    ]);
  });

  it("lets changes of the same link at once all count", async () => {
    const all = ["a", "b", "c"].map((path) =>
      patch("k1/links/0", { destination: `https://new.test/${path}` }),
    );
    const answers = await Promise.all([...all, patch("k1/links/0", { stopped: true })]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { body } = await request(app).get("/v1/campaigns/k1/links/0");
    expect(body).toMatchObject({ stopped: true, version: 4 });
    expect(body.destination).toContain("https://new.test/");
  });

  it("refuses what can't be, and points at it", async () => {
    const wrong = [
      ["k1/links/0", {}, "invalid_body", ""],
      ["k1/links/0", { destinaton: "x" }, "invalid_body", "/destinaton"],
      ["k1/links/0", { destination: "ftp://x" }, "invalid_url", "/destination"],
      ["k1/links/0", { destination: "https://t.test/c/a/b" }, "invalid_url", "/destination"],
      ["k1/links/0", { fallback: "https://x.test/{0}" }, "invalid_url", "/fallback"],
      ["k1/links/0", { expires_at: "tomorrow" }, "invalid_body", "/expires_at"],
      ["k1/links/0", { stopped: "yes" }, "invalid_body", "/stopped"],
      ["k1", { destination: "https://x.test/" }, "invalid_body", "/destination"],
      ["k1", { cost: { value_minor: 1.5, currency: "EUR" } }, "invalid_body", "/cost/value_minor"],
      ["k1", { cost: { value_minor: 1, currency: "euro" } }, "invalid_body", "/cost/currency"],
    ] as const;
    for (const [path, body, code, pointer] of wrong) {
      const answer = await patch(path, body).expect(422);
      expect(answer.body.code).toBe(code);
      expect(answer.body.errors[0]).toMatchObject({ pointer });
    }
    expect(audit).toEqual([]);
  });

  it("names the indexes there are when a link is unknown", async () => {
    const answer = await patch("k1/links/7", { stopped: true }).expect(404);
    expect(answer.body.hint).toBe("Give its index, from 0 to 1.");
  });
});

const renderError: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  if (!(error instanceof AppError)) throw error;
  const { status, code, errors, hint } = error;
  res.status(status).json({ code, errors, hint });
};
