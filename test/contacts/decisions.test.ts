import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Decision, type LinkFact, linkContacts } from "../../src/contacts/links.ts";

const EMPTY = { userRef: null, emailRef: null, previousRef: null };
const ana: LinkFact = { ...EMPTY, id: "1", at: 1, kind: "named", userRef: "ana" };
const bea: LinkFact = { ...EMPTY, id: "2", at: 2, kind: "named", userRef: "bea" };
const suggest: LinkFact = {
  ...EMPTY,
  id: "3",
  at: 3,
  kind: "suggest",
  userRef: "ana",
  previousRef: "bea",
};

function decide(kind: Decision, at: number, into = "ana", from = "bea"): LinkFact {
  return { ...EMPTY, id: `d${at}`, at, kind, userRef: into, previousRef: from };
}

const isOne = (facts: readonly LinkFact[]): boolean =>
  linkContacts([ana, bea, ...facts]).contacts.length === 1;

describe("a decision about two contacts", () => {
  it.each<[string, LinkFact[], boolean]>([
    ["accepted", [decide("accept", 10)], true],
    ["rejected", [decide("reject", 10)], false],
    ["accepted, then undone", [decide("accept", 10), decide("undo", 11)], false],
    [
      "undone by naming them the other way",
      [decide("accept", 10), decide("undo", 11, "bea", "ana")],
      false,
    ],
    ["undone, then accepted again", [decide("undo", 11), decide("accept", 12)], true],
    ["accepted after a rejection", [decide("reject", 10), decide("accept", 12)], true],
    ["about somebody unknown", [decide("accept", 10, "ana", "nobody")], false],
  ])("%s", (_case, facts, one) => {
    expect(isOne(facts)).toBe(one);
    expect(isOne(facts.toReversed())).toBe(one);
  });

  it("founds nobody: a decision alone names no contact", () => {
    expect(linkContacts([decide("accept", 10)]).contacts).toEqual([]);
  });

  it("takes the suggestion away when they are one", () => {
    expect(linkContacts([ana, bea, suggest]).flags).toHaveLength(1);
    expect(linkContacts([ana, bea, suggest, decide("accept", 10)]).flags).toEqual([]);
  });

  it("is settled by the latest word, whatever came before and in which order", () => {
    const kinds = fc.constantFrom<Decision>("accept", "reject", "undo");
    fc.assert(
      fc.property(
        fc.array(fc.tuple(kinds, fc.boolean()), { minLength: 1, maxLength: 8 }),
        (said) => {
          const facts = said.map(([kind, turned], at) =>
            turned ? decide(kind, at + 10, "bea", "ana") : decide(kind, at + 10),
          );
          expect(isOne(facts.toReversed())).toBe(said.at(-1)?.[0] === "accept");
        },
      ),
    );
  });
});
