import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HookEvent } from "../../src/collect/hooks/define.ts";
import { matchEvents } from "../../src/collect/hooks/match.ts";
import { createHookStore } from "../../src/collect/hooks/store.ts";
import { findKnownRefs } from "../../src/contacts/known-refs.ts";
import { readJourney } from "../../src/reports/store.ts";
import { testEngines } from "../support/database.ts";
import { createJourneyDriver, type JourneyDriver } from "../support/journey-driver.ts";
import { MINUTE, START, sent } from "../support/journey-facts.ts";

const nothing: HookEvent = {
  outcome: "delivered",
  id: "e0",
  at: null,
  email: null,
  contactId: null,
  messageId: null,
  campaign: null,
  properties: {},
};

describe.each(testEngines)("reports of a provider on %s", (engine) => {
  let driver: JourneyDriver;
  beforeAll(async () => {
    driver = await createJourneyDriver(engine);
    await driver.createReportTables();
  });
  afterAll(() => driver.dispose());

  const match = (events: readonly HookEvent[], workspaceId = 1) =>
    matchEvents(
      {
        workspaceId,
        sourceId: "hook-sendgrid",
        refs: driver.refsOf(workspaceId),
        receivedAt: START + 10 * MINUTE,
      },
      events,
      {
        findSent: createHookStore(driver.db).findSent,
        findKnown: (workspace, wanted) => findKnownRefs(driver.db, workspace, wanted),
      },
    );

  it("stand on the journey of the mail's contact in their order, once", async () => {
    const refs = driver.refsOf(1);
    const jane = { id: "u1", email: "jane@ex.test" };
    const mail = { campaign_id: "spring-ref", message_id: refs.message("order-7") };
    await driver.feed([sent("s1", refs, jane, START, mail)]);

    const report = { messageId: "order-7", email: "jane@ex.test" };
    const matched = await match([
      { ...nothing, ...report, id: "e3", outcome: "unsubscribed", at: START + 3 * MINUTE },
      { ...nothing, ...report, id: "e1", outcome: "deferred", at: START + MINUTE },
      { ...nothing, email: "JANE@ex.test", id: "e2", at: START + 2 * MINUTE },
      { ...nothing, messageId: "order-8", email: "nobody@ex.test", id: "e4" },
    ]);
    const facts = matched.flatMap(({ fact }) => (typeof fact === "string" ? [] : [fact]));
    expect(matched.at(-1)?.fact).toBe("unmatched");
    await driver.feed(facts);
    const query = { limit: 50, cursor: undefined, verdicts: undefined };
    const page = await readJourney(driver.db, refs, 1, "u1", query, () => false);
    expect(page?.entries.map(({ type, source }) => `${source} ${type}`)).toEqual([
      "esp unsubscribed",
      "esp delivered",
      "esp deferred",
      "email sent",
    ]);
  });

  it("know no mail and no contact of another workspace", async () => {
    const report = { messageId: "order-7", email: "jane@ex.test" };
    expect((await match([{ ...nothing, ...report }], 2)).map(({ fact }) => fact)).toEqual([
      "unmatched",
    ]);
  });

  it("are counted, and counts add up", async () => {
    const store = createHookStore(driver.db);
    const count = { esp: "ses", outcome: "bounced", total: 2, last_at: START };
    await store.addCounts(1, [count]);
    await store.addCounts(1, [{ ...count, total: 3, last_at: START + MINUTE }]);
    expect(await store.counts(1)).toEqual([{ ...count, total: 5, last_at: START + MINUTE }]);
    expect(await store.counts(2)).toEqual([]);
  });
});
