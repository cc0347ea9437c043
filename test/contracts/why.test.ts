import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readJourney } from "../../src/reports/store.ts";
import { testEngines } from "../support/database.ts";
import { createJourneyDriver, type JourneyDriver } from "../support/journey-driver.ts";
import { click, DAY, MINUTE, page, START, sent } from "../support/journey-facts.ts";

const JANE = { id: "u1", email: "jane@ex.test" };

describe.each(testEngines)("why an event is its contact's, on %s", (engine) => {
  let driver: JourneyDriver;
  let sentences: Map<string, string>;

  beforeAll(async () => {
    driver = await createJourneyDriver(engine);
    const refs = driver.refsOf(1);
    const at = (minute: number): number => START + minute * MINUTE;
    await driver.feed(
      [
        sent("sent", refs, JANE, START),
        click("K1", refs.contact(JANE), at(1)),
        page("bounce", "", at(1), {
          source: "esp",
          type: "bounced",
          anonymous_id: null,
          recipient_contact: refs.contact(JANE),
        }),
        // A visit that only a click speaks for.
        page("landing", "V1", at(2), { click_id: "K1" }),
        page("after landing", "V1", at(3)),
        // A login says whose the page before it was.
        page("before login", "V2", at(4)),
        page("login", "V2", at(5), { type: "identify", name: "identify", user_id: "u1" }),
        page("after login", "V2", at(6)),
        // A form.
        page("before form", "V3", at(7)),
        page("form", "V3", at(8), { type: "track", name: "lead", email_claim: JANE.email }),
        // A server's word about a visitor, and about nobody's.
        page("before server", "V4", at(9)),
        page("order", "V4", at(10), {
          ...{ source: "server", source_id: "server", type: "track", name: "purchase" },
          user_id: "u1",
        }),
        page("refund", "", at(11), {
          ...{ source: "server", source_id: "server", type: "track", name: "refund" },
          anonymous_id: null,
          user_id: "null",
          email_claim: JANE.email,
        }),
        // An alias of another visitor.
        page("before alias", "V5", at(12)),
        page("alias", "V6", at(13), {
          type: "alias",
          name: "alias",
          user_id: "u1",
          properties: { previous_id: "V5" },
        }),
        // Somebody else's device later: the click still speaks for what came before.
        page("other", "V1", START + DAY, { user_id: "u2", type: "identify", name: "identify" }),
      ],
      { verdictOf: ({ type }) => (type === "sent" ? null : "human") },
    );
    await driver.createReportTables();
    const query = { cursor: undefined, limit: 50, verdicts: undefined };
    const journey = await readJourney(driver.db, refs, 1, "u1", query, () => false);
    sentences = new Map(
      journey?.entries.map(({ id, whyIn }) => [
        id,
        whyIn((ms) => `minute ${(ms - START) / MINUTE}`),
      ]),
    );
  });
  afterAll(() => driver.dispose());

  it.each([
    ["sent", "The mail was made for this contact."],
    [
      "K1",
      "The mail was made for this contact: its links carry their token, whoever followed them.",
    ],
    ["bounce", "Your mail service reported it of a mail to this contact."],
    ["landing", "The visit began with a click on a link that was made for this contact."],
    [
      "after landing",
      "Earlier, at minute 2, this device came from a link that was made for this contact. So it is inferred, not said.",
    ],
    ["before login", "Later, at minute 5, this device was identified by the user id “u1”."],
    ["login", "It came with the user id “u1”, which is this contact’s."],
    ["after login", "Earlier, at minute 5, this device was identified by the user id “u1”."],
    ["before form", "Later, at minute 8, the address “jane@ex.test” was given on this device."],
    ["form", "It came with the address “jane@ex.test”, which is this contact’s."],
    [
      "before server",
      "Later, at minute 10, your server named this device’s visitor by the user id “u1”.",
    ],
    ["order", "Your server sent it with the user id “u1”, which is this contact’s."],
    ["refund", "Your server sent it with the address “jane@ex.test”, which is this contact’s."],
    ["before alias", "Later, at minute 13, an alias joined this device to the user id “u1”."],
    ["alias", "It came with the user id “u1”, which is this contact’s."],
  ])("%s", (id, sentence) => {
    expect(sentences.get(id)).toBe(sentence);
  });
});
