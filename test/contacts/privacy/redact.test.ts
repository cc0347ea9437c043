import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ErasurePlan, needlesOf } from "../../../src/contacts/privacy/plan.ts";
import {
  type FoundEvent,
  isOwn,
  redactEvent,
  redactText,
} from "../../../src/contacts/privacy/redact.ts";
import { siteFact } from "../../support/facts.ts";

const plan: ErasurePlan = {
  refs: ["refOfAna0001"],
  userIds: ["42", "customer-42"],
  emails: ["ana@ex.test"],
  visitors: ["V-of-ana"],
  shared: ["V-shared"],
  messages: ["m1"],
  clicks: ["K1"],
};
const needles = needlesOf(plan);

function found(known: Partial<FoundEvent>): FoundEvent {
  return { ...siteFact("e1"), seq: 1, txid: 0, is_in_journey: 0, ...known };
}

describe("whose a fact is", () => {
  it.each<[string, Partial<FoundEvent>, boolean]>([
    ["one that stands in the journey", { is_in_journey: 1 }, true],
    ["one with the user id, whatever is around it", { user_id: " 42 " }, true],
    ["one with the address alone", { email_claim: "ANA@ex.test" }, true],
    ["one of a visitor that was nobody else's", { anonymous_id: "V-of-ana" }, true],
    ["a mail to the contact", { recipient_contact: "refOfAna0001" }, true],
    ["another's with the contact's address", { user_id: "7", email_claim: "ana@ex.test" }, false],
    ["another's on the contact's device", { user_id: "7", anonymous_id: "V-of-ana" }, false],
    [
      "a mail to another of the same message id",
      { recipient_contact: "bob", message_id: "m1" },
      false,
    ],
    ["a visitor's that others used", { anonymous_id: "V-shared" }, false],
  ])("%s", (_case, known, expected) => {
    expect(isOwn(found(known), plan)).toBe(expected);
  });
});

describe("what is taken out of another's fact", () => {
  it("mentions, in any case and as a URL writes them", () => {
    const event = found({
      url: "https://a.test/?for=ana%40ex.test&x=1",
      properties: { friend: "Ana@Ex.Test", deep: [{ id: "CUSTOMER-42", order: "42" }] },
    });
    expect(redactEvent(event, plan, needles)).toMatchObject({
      url: "https://a.test/?for=[erased]&x=1",
      properties: { friend: "[erased]", deep: [{ id: "[erased]", order: "42" }] },
    });
  });

  it("claims of the address, clicks and an alias", () => {
    const event = found({
      user_id: "7",
      email_claim: "ana@ex.test",
      click_id: "K1",
      properties: { previous_id: "42" },
    });
    expect(redactEvent(event, plan, needles)).toMatchObject({
      user_id: "7",
      email_claim: null,
      click_id: null,
      properties: { previous_id: "[erased]" },
    });
  });

  it("nothing where nothing is said", () => {
    expect(redactEvent(found({ properties: { order: "42" } }), plan, needles)).toBeUndefined();
  });

  it("leaves no needle in any text, and twice is once", () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom(...needles, ...needles.map((n) => n.toUpperCase())),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const once = redactText(parts.join(""), needles);
        for (const needle of needles) expect(once.toLowerCase()).not.toContain(needle);
        expect(redactText(once, needles)).toBe(once);
      }),
    );
  });
});
