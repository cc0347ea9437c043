import { describe, expect, it } from "vitest";
import type { ClickFact, VisitorFact } from "../../src/contacts/fact.ts";
import { isJoinable, judgeAllLandings, placeVisitor } from "../../src/contacts/identity.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Date.parse("2026-01-05T10:00:00.000Z");

type Told = Partial<VisitorFact> & { readonly v?: string };

/** A page view at so many minutes after the start. */
function fact(id: string, minute: number, told: Partial<VisitorFact> = {}): VisitorFact {
  return {
    id,
    at: START + minute * MINUTE,
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

const user = (userRef: string): Told => ({ userRef });
const form = (emailRef: string): Told => ({ emailRef });
const lands = (clickId: string): Told => ({ clickId });
const days = (n: number): number => n * 24 * 60;

/** K1 is a click of Jane's, K2 of Bob's, at the start; D<n>-K1 the same n days later. */
function clickOf(clickId: string): ClickFact {
  const [, day = "0", name = clickId] = /^D(\d+)-(.*)$/.exec(clickId) ?? [];
  return {
    clickId,
    at: START + Number(day) * DAY,
    ref: name === "K2" ? "bob" : "jane",
    human: name !== "KX",
  };
}

/** Owner per fact, and the flags, of one visitor V in a world where every ref is its own contact. */
function place(...facts: readonly VisitorFact[]) {
  const landings = facts.flatMap((own) =>
    own.clickId !== null && isJoinable(own) ? [{ ...own, visitor: "V", clickId: own.clickId }] : [],
  );
  const clicks = [...new Set(landings.map(({ clickId }) => clickId))].map(clickOf);
  const { placed, flags } = placeVisitor("V", facts, {
    contactOf: (ref) => (ref === "erased" ? null : ref),
    clickOf,
    worthOf: judgeAllLandings(clicks, landings),
  });
  return {
    owners: placed.map(({ fact: { id }, owner }) => `${id}:${owner?.contact ?? "-"}`).join(" "),
    flags: flags.map(({ kind, about }) => `${kind}(${about.join(",")})`),
  };
}

describe("placeVisitor", () => {
  it.each<[string, VisitorFact[], string, string[]]>([
    [
      "4: another click on a click-only owner starts a span, nothing backwards",
      [
        fact("a", 0, lands("K1")),
        fact("b", 1),
        fact("c", days(1), lands("D1-K2")),
        fact("d", days(1) + 1),
      ],
      "a:jane b:jane c:bob d:bob",
      [],
    ],
    [
      "5: another contact's click changes nothing for 30 days after a login",
      [fact("a", 0, user("bob")), fact("b", days(30), lands("D30-K1")), fact("c", days(30) + 1)],
      "a:bob b:bob c:bob",
      ["foreign_click(D30-K1)", "merge_suggested(bob,jane)"],
    ],
    [
      "5: nor after a form email",
      [fact("a", 0, form("bob")), fact("b", days(2), lands("D2-K1"))],
      "a:bob b:bob",
      ["foreign_click(D2-K1)", "merge_suggested(bob,jane)"],
    ],
    [
      "6: it does when the login is older",
      [fact("a", 0, user("bob")), fact("b", days(30) + 1, lands("D30-K1"))],
      "a:bob b:jane",
      [],
    ],
    [
      "3 and 5: one's own click refreshes the evidence, the strength stays",
      [
        fact("a", 0, user("bob")),
        fact("b", days(20), lands("D20-K2")),
        fact("c", days(45), lands("D45-K1")),
      ],
      "a:bob b:bob c:bob",
      ["foreign_click(D45-K1)", "merge_suggested(bob,jane)"],
    ],
    [
      "7: a login in the visit of the only click takes the whole span, earlier visits too",
      [fact("a", -days(3)), fact("b", 0, lands("K1")), fact("c", 5, user("bob"))],
      "a:bob b:bob c:bob",
      ["forwarded(jane,bob)"],
    ],
    [
      "8: a login after other visits takes its own visit only",
      [
        fact("a", 0, lands("K1")),
        fact("b", days(2)),
        fact("c", days(2) + 5, user("bob")),
        fact("d", days(2) + 6),
      ],
      "a:jane b:bob c:bob d:bob",
      ["shared(V)", "merge_suggested(jane,bob)"],
    ],
    [
      "9: a second login never merges, and takes nothing backwards",
      [fact("a", 0, user("jane")), fact("b", 5), fact("c", 10, user("bob")), fact("d", 11)],
      "a:jane b:jane c:bob d:bob",
      ["shared(V)"],
    ],
    [
      "2: on a shared visitor a claim reaches back over its own visit only",
      [
        fact("a", 0, user("jane")),
        fact("b", 1, user("bob")),
        fact("c", 2, { kind: "reset" }),
        fact("d", 3),
        fact("e", days(1)),
        fact("f", days(1) + 1, user("jane")),
      ],
      "a:jane b:bob c:bob d:- e:jane f:jane",
      ["shared(V)"],
    ],
    [
      "10: after a reset the visitor is nobody's",
      [fact("a", 0, user("jane")), fact("b", 1, { kind: "reset" }), fact("c", 2)],
      "a:jane b:jane c:-",
      [],
    ],
    [
      "10: two people who log in and out share it",
      [
        fact("a", 0, user("jane")),
        fact("b", 1, { kind: "reset" }),
        fact("c", 2),
        fact("d", days(1)),
        fact("e", days(1) + 1, user("bob")),
      ],
      "a:jane b:jane c:- d:bob e:bob",
      ["shared(V)"],
    ],
    [
      "11: a form on a login's visitor is a referral",
      [fact("a", 0, user("jane")), fact("b", 5, form("bob")), fact("c", 6)],
      "a:jane b:jane c:jane",
      ["form_email_differs(b)"],
    ],
    [
      "7: a login beats the form of the same visit",
      [fact("a", 0, form("jnae")), fact("b", 5, user("jane"))],
      "a:jane b:jane",
      ["forwarded(jnae,jane)"],
    ],
    [
      "14: a machine's click claims nothing",
      [fact("a", 0, lands("KX")), fact("b", 1)],
      "a:- b:-",
      ["bot_click(KX)"],
    ],
    [
      "14: 30 minutes after the redirect a click still claims",
      [fact("a", 30, lands("K1"))],
      "a:jane",
      [],
    ],
    [
      "14: a moment later it does not",
      [fact("a", 30.01, lands("K1"))],
      "a:-",
      ["stale_click_id(K1)"],
    ],
    [
      "14: nor more than 5 minutes before",
      [fact("a", -5.01, lands("K1"))],
      "a:-",
      ["stale_click_id(K1)"],
    ],
    [
      "14: the same visitor's reload, however late, is no finding and no evidence",
      [fact("a", 0, lands("K1")), fact("b", days(80), lands("K1")), fact("c", days(91))],
      "a:jane b:jane c:-",
      [],
    ],
    [
      "17: a server event follows its own user id and leaves the visitor alone",
      [
        fact("a", 0, user("jane")),
        fact("b", 1, { ...user("bob"), channel: "server" }),
        fact("c", 2),
      ],
      "a:jane b:bob c:jane",
      [],
    ],
    [
      "17: it claims a visitor without owner",
      [fact("a", 0), fact("b", 1, { ...user("bob"), channel: "server" }), fact("c", 2)],
      "a:bob b:bob c:bob",
      [],
    ],
    [
      "18: a login lasts 365 days",
      [fact("a", 0, user("jane")), fact("b", days(365)), fact("c", days(365) + 1)],
      "a:jane b:jane c:-",
      [],
    ],
    [
      "18: a click adds its 90 days to a login's 365",
      [fact("a", 0, user("jane")), fact("b", days(300), lands("D300-K1")), fact("c", days(390))],
      "a:jane b:jane c:jane",
      [],
    ],
    [
      "18: what expired joins back when the same person returns, 90 days back",
      [fact("a", 0, lands("K1")), fact("b", days(100)), fact("c", days(120), lands("D120-K1"))],
      "a:jane b:jane c:jane",
      [],
    ],
    [
      "19: an erased contact claims nothing and has nothing",
      [fact("a", 0), fact("b", 1, user("erased")), fact("c", 2, user("jane"))],
      "a:jane b:- c:jane",
      [],
    ],
    [
      "19: an event without consent is nobody's, even with a user id",
      [fact("a", 0, { ...user("jane"), consent: false }), fact("b", 1)],
      "a:- b:-",
      [],
    ],
  ])("row %s", (_row, facts, owners, flags) => {
    expect(place(...facts)).toEqual({ owners, flags });
  });

  it("lets five people in a week be, and calls six a kiosk", () => {
    const logins = (n: number) =>
      Array.from({ length: n }, (_, i) => fact(`e${i}`, i, user(`u${i}`)));
    expect(place(...logins(5), fact("z", 60)).owners).toMatch(/z:u4$/);
    expect(place(...logins(6), fact("z", 60)).owners).toMatch(/e5:u5 z:-$/);
  });

  it("does not call six people in a longer time a kiosk", () => {
    const logins = Array.from({ length: 6 }, (_, i) => fact(`e${i}`, days(2 * i), user(`u${i}`)));
    expect(place(...logins, fact("z", days(11))).owners).toMatch(/z:u5$/);
  });
});
