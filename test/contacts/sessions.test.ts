import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byTime, type VisitorFact } from "../../src/contacts/fact.ts";
import { placeVisitor } from "../../src/contacts/identity.ts";
import { assignSessions } from "../../src/contacts/sessions.ts";
import { shuffled } from "../support/shuffle.ts";

const MINUTE = 60_000;

function fact(minute: number, told: Partial<VisitorFact> = {}): VisitorFact {
  return {
    id: String(minute),
    at: minute * MINUTE,
    kind: "event",
    channel: "browser",
    invalid: false,
    consent: true,
    sticky: false,
    userRef: null,
    emailRef: null,
    previousRef: null,
    clickId: null,
    campaign: null,
    net: null,
    os: null,
    ...told,
  };
}

const stamp = (userRef: string | null) => ({ sticky: true, userRef });

describe("assignSessions", () => {
  it.each<[string, VisitorFact[], (number | null)[]]>([
    ["a late event joins the halves of a gap", [fact(0), fact(25), fact(50)], [1, 1, 1]],
    ["without it they are two", [fact(0), fact(50)], [1, 2]],
    [
      "a campaign that the running session has seen does not split it",
      [fact(0, { campaign: "a" }), fact(1), fact(2, { campaign: "a" }), fact(3, { campaign: "b" })],
      [1, 1, 1, 2],
    ],
    [
      "a click id reloaded does not split, one of an ended session does",
      [
        fact(0, { clickId: "K1" }),
        fact(1, { clickId: "K1" }),
        fact(2, { clickId: "K2" }),
        fact(3, { clickId: "K1" }),
      ],
      [1, 1, 2, 3],
    ],
    [
      "server events and machines are in none, and keep none alive",
      [fact(0), fact(20, { channel: "server" }), fact(25, { invalid: true }), fact(31)],
      [1, null, null, 2],
    ],
    [
      "a logout of a library that stamps splits, and so does the next user",
      [fact(0, stamp("u1")), fact(1, stamp(null)), fact(2, stamp(null)), fact(3, stamp("u2"))],
      [1, 2, 2, 2],
    ],
    ["the user's own event without stamp does not", [fact(0, { userRef: "u1" }), fact(1)], [1, 1]],
    [
      "a beacon in time keeps the session alive",
      [fact(0), fact(25, { kind: "engagement" }), fact(50)],
      [1, 1, 1],
    ],
    [
      "a late beacon joins it and leaves it ended",
      [fact(0), fact(31, { kind: "engagement" }), fact(40)],
      [1, 1, 2],
    ],
    ["a beacon alone is in none", [fact(0, { kind: "engagement" }), fact(1)], [null, 1]],
    [
      "a beacon after a reset joins what ended",
      [fact(0), fact(1, { kind: "reset" }), fact(2, { kind: "engagement" }), fact(3)],
      [1, 1, 1, 2],
    ],
    [
      "a click id without consent is not seen",
      [fact(0), fact(1, { clickId: "K1", consent: false })],
      [1, 1],
    ],
  ])("%s", (_case, facts, sessions) => {
    expect(assignSessions(facts)).toEqual(sessions);
  });
});

/** Up to 40 facts of a visitor in two days, near each other or far, of every kind. */
const arbitraryVisit: fc.Arbitrary<VisitorFact[]> = fc
  .array(
    fc.record({
      minute: fc.oneof(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 2880 })),
      kind: fc.constantFrom(
        "event" as const,
        "event" as const,
        "engagement" as const,
        "reset" as const,
      ),
      channel: fc.constantFrom("browser" as const, "browser" as const, "server" as const),
      invalid: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      userRef: fc.constantFrom(null, null, null, "u1", "u2"),
      clickId: fc.constantFrom(null, null, null, "K1", "K2"),
      campaign: fc.constantFrom(null, null, null, "a", "b"),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((facts) =>
    facts
      .map(({ minute, ...told }, index) => fact(minute, { ...told, id: `e${index}` }))
      .toSorted(byTime),
  );

/** The facts of each session, by number. */
function sessionsIn(facts: readonly VisitorFact[]): Map<number, VisitorFact[]> {
  const found = new Map<number, VisitorFact[]>();
  assignSessions(facts).forEach((number, index) => {
    const own = facts[index];
    if (number !== null && own) found.set(number, [...(found.get(number) ?? []), own]);
  });
  return found;
}

describe("sessions of any visitor", () => {
  it("hold no gap over 30 minutes between events, and last under 24 hours", () => {
    fc.assert(
      fc.property(arbitraryVisit, (facts) => {
        for (const own of sessionsIn(facts).values()) {
          const times = own.filter(({ kind }) => kind !== "reset").map(({ at }) => at);
          const events = own.filter(({ kind }) => kind === "event").map(({ at }) => at);
          expect((events.at(-1) ?? 0) - (events[0] ?? 0)).toBeLessThan(24 * 60 * MINUTE);
          for (const at of events.slice(1)) {
            const before = times.filter((other) => other < at).at(-1) ?? at;
            expect(at - before).toBeLessThanOrEqual(30 * MINUTE);
          }
        }
      }),
    );
  });

  it("end after 24 hours of a visitor who never rests", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 60, maxLength: 120 });
    fc.assert(
      fc.property(gaps, (minutes) => {
        const facts = minutes.map((_, index) =>
          fact(minutes.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0)),
        );
        for (const own of sessionsIn(facts).values()) {
          const [first, last] = [own[0]?.at ?? 0, own.at(-1)?.at ?? 0];
          expect(last - first).toBeLessThan(24 * 60 * MINUTE);
        }
      }),
    );
  });

  it("hold one user, and none of a server's or machine's events", () => {
    fc.assert(
      fc.property(arbitraryVisit, (facts) => {
        for (const own of sessionsIn(facts).values()) {
          const users = own
            .filter(({ kind }) => kind === "event")
            .flatMap(({ userRef }) => userRef ?? []);
          expect(new Set(users).size).toBeLessThanOrEqual(1);
          expect(own.every(({ channel, invalid }) => channel === "browser" && !invalid)).toBe(true);
        }
      }),
    );
  });

  it("follow each other: no event of one lies between two of another", () => {
    fc.assert(
      fc.property(arbitraryVisit, (facts) => {
        const numbers = assignSessions(facts).filter((number) => number !== null);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }),
    );
  });

  it("are the same in any order of arrival", () => {
    const nobody = {
      contactOf: () => undefined,
      clickOf: () => undefined,
      worthOf: () => undefined,
    };
    fc.assert(
      fc.property(arbitraryVisit, fc.integer({ min: 1 }), (facts, seed) => {
        const inOrder = placeVisitor("V", facts, nobody).placed;
        expect(placeVisitor("V", shuffled(facts, seed), nobody).placed).toEqual(inOrder);
      }),
    );
  });
});
