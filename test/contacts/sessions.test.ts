import { describe, expect, it } from "vitest";
import type { VisitorFact } from "../../src/contacts/fact.ts";
import { assignSessions } from "../../src/contacts/sessions.ts";

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
