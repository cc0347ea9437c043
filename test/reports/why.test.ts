import { describe, expect, it } from "vitest";
import { explainWhy, type Why } from "../../src/reports/why.ts";

const NAMED: Why = {
  evidence: "user_id",
  confidence: "asserted",
  event_id: "e1",
  at: 0,
  value: null,
  when: "before",
  isServer: false,
  event: { source: "site", type: "page" },
};

describe("the sentence that says why an event is a contact's", () => {
  it.each<[string, Partial<Why>, string]>([
    [
      "an id in Hebrew",
      { value: "דנה" },
      "Earlier, at noon, this device was identified by the user id “\u2068דנה\u2069”.",
    ],
    [
      "an address in Arabic",
      { value: "مريم@ex.test", evidence: "email" },
      "Earlier, at noon, the address “\u2068مريم@ex.test\u2069” was given on this device.",
    ],
    [
      "an alias that turns the rest",
      { value: "\u202Eana", evidence: "alias" },
      "Earlier, at noon, an alias joined this device to the user id “ana”.",
    ],
    [
      "the end of an isolate, in an id in Hebrew",
      { value: "\u2069דנה", when: "itself", isServer: true },
      "Your server sent it with the user id “\u2068דנה\u2069”, which is this contact’s.",
    ],
  ])("stays in order round %s", (_case, known, sentence) => {
    expect(explainWhy({ ...NAMED, ...known }, () => "noon")).toBe(sentence);
  });
});
