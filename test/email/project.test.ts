import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCampaignsProjection } from "../../src/email/project.ts";
import { findCampaign, listCampaignLinks, listCampaigns } from "../../src/email/store.ts";
import { createEvent, type EventRow } from "../../src/log/event.ts";
import { ensureGenerations, tableOf } from "../../src/log/generations.ts";
import { createTestDatabase, type TestDatabase, testEngines } from "../support/database.ts";

const fact = (known: Partial<EventRow>): EventRow =>
  createEvent({
    workspace_id: 1,
    source_id: "rewrite",
    event_id: "e",
    source: "email",
    type: "rewrite",
    name: "email_rewritten",
    occurred_at: 1000,
    received_at: 1000,
    campaign_id: "k1",
    ...known,
  });

describe.each(testEngines)("the campaigns projection on %s", (engine) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(engine);
    await ensureGenerations(database.db, createCampaignsProjection(engine));
  });
  afterAll(() => database.dispose());

  const feed = async (facts: readonly EventRow[]) => {
    const { db } = database;
    const events = facts.map((event, seq) => ({ ...event, seq: seq + 1, txid: 0 }));
    const batch = { events, changes: [], table: tableOf(1) };
    await db.batch(await createCampaignsProjection(engine).handle(batch, db));
  };

  it("lists campaigns and links, the newest description of a link first", async () => {
    const link = (index: number, url: string, text = "") => ({ index, name: null, text, url });
    await feed([
      fact({
        properties: { campaign: "spring", links: [link(0, "https://a/"), link(1, "https://b/")] },
      }),
      fact({ type: "sent", occurred_at: 5000, properties: { campaign: "spring" } }),
      fact({
        properties: { campaign: "spring", links: [link(0, "https://c/", "C")], honeypot: 7 },
      }),
      fact({
        workspace_id: 2,
        properties: { campaign: "foreign", links: [link(9, "https://z/")] },
      }),
      fact({
        properties: { campaign: "broken", links: [null, 3, { index: "x" }] },
        campaign_id: "k2",
      }),
      fact({ type: "click", campaign_id: "k3" }),
    ]);
    await feed([fact({ type: "sent", occurred_at: 500, properties: { campaign: "spring" } })]);
    const { db } = database;
    expect(await listCampaigns(db, 1, { limit: 10 })).toEqual([
      { campaign_id: "k1", name: "spring", first_at: 500, last_at: 5000, honeypot_link_id: "7" },
      { campaign_id: "k2", name: "broken", first_at: 1000, last_at: 1000, honeypot_link_id: null },
    ]);
    expect(await listCampaignLinks(db, 1, "k1")).toEqual([
      { link_id: "0", idx: 0, name: null, text: "C", url: "https://c/" },
      { link_id: "1", idx: 1, name: null, text: "", url: "https://b/" },
    ]);
    expect((await findCampaign(db, 1, "spring"))?.campaign_id).toBe("k1");
    expect((await findCampaign(db, 1, "k2"))?.name).toBe("broken");
    expect(await findCampaign(db, 1, "foreign")).toBeUndefined();
    const behind = { last_at: 5000, campaign_id: "k1" };
    expect((await listCampaigns(db, 1, { limit: 10, behind })).map(({ name }) => name)).toEqual([
      "broken",
    ]);
  });
});
