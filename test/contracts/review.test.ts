import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createReview, type NewDecision, type Review } from "../../src/contacts/review.ts";
import { sql } from "../../src/db/sql.ts";
import { testEngines } from "../support/database.ts";
import { createJourneyDriver, type JourneyDriver } from "../support/journey-driver.ts";
import { click, DAY, MINUTE, page, START, sent } from "../support/journey-facts.ts";

describe.each(testEngines)("the review of suggestions on %s", (engine) => {
  let driver: JourneyDriver;
  let review: Review;
  let jane: string;
  let bob: string;

  beforeAll(async () => {
    driver = await createJourneyDriver(engine);
    let decisions = 0;
    review = createReview({
      db: driver.db,
      now: () => START + 10 * DAY + decisions,
      createId: () => `decision ${++decisions}`,
      record: (events) => driver.feed(events),
      sleep,
    });
    const refs = driver.refsOf(1);
    jane = refs.contact({ email: "jane@ex.test" }) ?? "";
    bob = refs.contact({ id: "u2", email: "bob@ex.test" }) ?? "";
    // Jane's forwarded link is followed where Bob has been signed in the day before.
    await driver.feed(
      [
        sent("s1", refs, { email: "jane@ex.test" }, START),
        sent("s2", refs, { id: "u2", email: "bob@ex.test" }, START),
        click("K1", jane, START + DAY),
        page("e1", "V1", START + MINUTE, { user_id: "u2", type: "identify", name: "identify" }),
        page("e2", "V1", START + DAY + MINUTE, { click_id: "K1" }),
        page("e3", "V2", START + DAY, {
          type: "track",
          name: "form_submit",
          email_claim: "jane@ex.test",
        }),
      ],
      { verdictOf: ({ type }) => (type === "sent" ? null : "human") },
    );
  });
  afterAll(() => driver.dispose());

  const about = (decision: NewDecision["decision"]): NewDecision => ({
    decision,
    into: jane,
    from: bob,
  });

  async function ownersOf(events: string[]): Promise<unknown[]> {
    const rows = await driver.db.all<{ event_id: string; contact_id: string }>(sql`
      SELECT e.event_id, c.contact_id FROM journey AS j
      JOIN events AS e ON e.seq = j.seq
      JOIN contacts AS c ON c.workspace_id = j.workspace_id AND c.contact = j.contact
      WHERE j.workspace_id = 1`);
    const ownerOf = new Map(rows.map(({ event_id, contact_id }) => [event_id, contact_id]));
    return events.map((id) => ownerOf.get(id));
  }

  it("suggests two contacts that were seen on one device, and says why", async () => {
    const { suggestions, decided } = await review.list(1);
    expect(suggestions).toMatchObject([
      { into: { id: jane, email: "jane@ex.test" }, from: { user_id: "u2", email: "bob@ex.test" } },
    ]);
    expect(suggestions[0]?.reasons).toEqual([
      "Both were seen on one device.",
      "A link made for one of them was followed where the other had said who they are.",
    ]);
    expect(decided).toEqual([]);
  });

  it("keeps the suggestions of workspaces apart", async () => {
    expect(await review.list(2)).toEqual({ suggestions: [], decided: [] });
    await expect(review.decide(2, about("accept"))).rejects.toMatchObject({ code: "not_found" });
  });

  it("joins them when accepted, and parts them as they were when undone", async () => {
    const events = ["e1", "e2", "e3", "s2"];
    const before = await ownersOf(events);
    expect(before).toEqual([bob, bob, jane, bob]);
    await review.decide(1, about("accept"));
    expect(await ownersOf(events)).toEqual([jane, jane, jane, jane]);
    expect(await review.list(1)).toMatchObject({
      suggestions: [],
      decided: [{ decision: "accept", into: { name: "jane@ex.test" } }],
    });
    await review.decide(1, about("undo"));
    expect(await ownersOf(events)).toEqual(before);
    expect((await review.list(1)).suggestions).toHaveLength(1);
  });

  it("suggests them no more when rejected, until that is undone", async () => {
    await review.decide(1, about("reject"));
    expect(await review.list(1)).toMatchObject({
      suggestions: [],
      decided: [{ decision: "reject" }],
    });
    await review.decide(1, { ...about("undo"), into: bob, from: jane });
    expect(await review.list(1)).toMatchObject({ suggestions: [{}], decided: [] });
  });

  it("computes the same from an empty projection", async () => {
    await review.decide(1, about("accept"));
    const before = await ownersOf(["e1", "e2", "e3"]);
    await driver.rebuild(2);
    expect(await ownersOf(["e1", "e2", "e3"])).toEqual(before);
    await review.decide(1, about("undo"));
  });

  it.each<[string, () => NewDecision, string]>([
    ["an unknown contact", () => ({ ...about("accept"), from: "nobody" }), "not_found"],
    ["one contact twice", () => ({ ...about("accept"), from: jane }), "invalid_body"],
    ["an undo of nothing", () => about("undo"), "invalid_body"],
  ])("refuses %s", async (_case, decision, code) => {
    await expect(review.decide(1, decision())).rejects.toMatchObject({ code });
  });
});
