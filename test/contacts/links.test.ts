import { describe, expect, it } from "vitest";
import { type LinkFact, linkContacts } from "../../src/contacts/links.ts";
import { shuffled } from "../support/shuffle.ts";

let at = 0;
function told(known: Partial<LinkFact>): LinkFact {
  at += 1;
  return {
    id: `f${at}`,
    at,
    kind: "named",
    userRef: null,
    emailRef: null,
    previousRef: null,
    ...known,
  };
}
const names = (userRef: string | null, emailRef: string | null = null) =>
  told({ userRef, emailRef });

function link(...facts: readonly LinkFact[]) {
  const linked = linkContacts(facts);
  for (let seed = 1; seed <= 20; seed++) {
    expect(linkContacts(shuffled(facts, seed))).toEqual(linked);
  }
  return {
    contacts: linked.contacts.map(({ refs, mergedRefs }) => [...refs, ...mergedRefs].join("+")),
    flags: linked.flags.map(({ kind, about }) => `${kind}(${about.join(",")})`),
  };
}

describe("linkContacts", () => {
  it("attaches a user id to the contact known by its email", () => {
    expect(link(names(null, "m1"), names("u1", "m1"))).toEqual({ contacts: ["m1+u1"], flags: [] });
  });

  it("makes a second contact of a new user id whose email is taken", () => {
    expect(link(names("u1", "m1"), names("u9", "m1"))).toEqual({
      contacts: ["u1+m1", "u9"],
      flags: ["email_conflict(u1)"],
    });
  });

  it("moves no email between two contacts, and flags the conflict", () => {
    expect(link(names("u2"), names(null, "m1"), names("u2", "m1"))).toEqual({
      contacts: ["u2", "m1"],
      flags: ["email_conflict(m1)"],
    });
  });

  it("adds a new address to the contact of its user id", () => {
    expect(link(names("u1", "m1"), names("u1", "m2"), names(null, "m2")).contacts).toEqual([
      "u1+m1+m2",
    ]);
  });

  it("takes a token's ref for an address once one is seen to make it", () => {
    const token = told({ kind: "known", userRef: "m1" });
    expect(link(token, names("u1", "m1"))).toEqual({ contacts: ["m1+u1"], flags: [] });
  });

  it("redirects a contact by a secret key's alias, history and all", () => {
    const known = [names("u1"), names("u2")];
    const merge = told({ kind: "merge", previousRef: "u1", userRef: "u2" });
    expect(link(...known, merge).contacts).toEqual(["u2+u1"]);
  });

  it("only suggests it by a public key's alias", () => {
    const known = [names("u1"), names("u2")];
    const suggest = told({ kind: "suggest", previousRef: "u1", userRef: "u2" });
    expect(link(...known, suggest)).toEqual({
      contacts: ["u1", "u2"],
      flags: ["merge_suggested(u1,u2)"],
    });
  });

  it("follows a chain of redirects and never a circle", () => {
    const merge = (previousRef: string, userRef: string) =>
      told({ kind: "merge", previousRef, userRef });
    const all = [names("u1"), names("u2"), names("u3")];
    const circle = [merge("u1", "u2"), merge("u2", "u3"), merge("u3", "u1")];
    expect(link(...all, ...circle).contacts).toEqual(["u3+u1+u2"]);
  });

  it("leaves the alias of a visitor's id alone", () => {
    const known = names("u1");
    const alias = told({ kind: "suggest", previousRef: "V1", userRef: "u1" });
    expect(link(known, alias)).toEqual({ contacts: ["u1"], flags: [] });
  });
});
