import { z } from "zod";
import type { ClickFact, Flag, VisitorFact } from "../../src/contacts/fact.ts";
import { groupBy } from "../../src/contacts/group-by.ts";
import {
  isJoinable,
  judgeAllLandings,
  placeAlone,
  placeVisitor,
  type Surroundings,
} from "../../src/contacts/identity.ts";
import { type LinkFact, linkContacts } from "../../src/contacts/links.ts";
import type { Engine } from "../../src/db/db.ts";
import {
  type CaseFailure,
  type CaseItem,
  type CaseReport,
  caseItem,
  emailRef,
  homeOf,
  readCases,
  reportCases,
  spellFlag,
  toFact,
  userRef,
  workspaceOf,
} from "./case-file.ts";
import { shuffled } from "./shuffle.ts";
import { answerStored } from "./stored-answers.ts";

const identityCase = z.object({
  id: z.string(),
  contacts: z
    .record(
      z.string(),
      z.object({
        email: z.string().nullish(),
        externalId: z.string().nullish(),
        mergedInto: z.string().nullish(),
        erased: z.unknown().optional(),
        ws: z.string().nullish(),
      }),
    )
    .default({}),
  clicks: z
    .record(
      z.string(),
      z.object({
        contact: z.string().nullish(),
        at: z.string(),
        verdict: z.string().default("human"),
        ws: z.string().nullish(),
      }),
    )
    .default({}),
  items: z.array(caseItem),
  expect: z.object({
    events: z.record(z.string(), z.string().nullable()),
    flags: z.array(z.string()).default([]),
    flags_optional: z.array(z.string()).default([]),
  }),
  flags_optional: z.array(z.string()).default([]),
  debatable: z.unknown().optional(),
});

type IdentityCase = z.infer<typeof identityCase>;

/** What a run of a case found: contact key per event id, and the flags. */
interface IdentityAnswer {
  readonly events: Map<string, string | null>;
  readonly flags: Set<string>;
}

/** Runs identity cases under many arrival orders, through the pure functions or an engine. */
export async function runIdentityCases(
  file: string,
  { shuffles = 200, engine }: { shuffles?: number; engine?: Engine } = {},
): Promise<CaseReport> {
  return reportCases(readCases(file, identityCase), shuffles, {
    answer: (trials) =>
      engine === undefined
        ? trials.map(({ given, seed }) => answer(inOrder(given, seed)))
        : answerStored(engine, trials),
    compare,
  });
}

function inOrder(given: IdentityCase, seed: number): IdentityCase {
  return seed === 0 ? given : { ...given, items: shuffled(given.items, seed) };
}

function compare(one: IdentityCase, answer: IdentityAnswer): CaseFailure | undefined {
  const events = Object.fromEntries(
    Object.keys(one.expect.events).map((id) => [id, answer.events.get(id) ?? null]),
  );
  const found = new Set([...answer.flags].map(normalizeFlag));
  const expected = one.expect.flags.map(normalizeFlag);
  const optional = [...one.expect.flags_optional, ...one.flags_optional].map(normalizeFlag);
  const isRight =
    Object.entries(one.expect.events).every(([id, contact]) => events[id] === contact) &&
    expected.every((flag) => found.has(flag)) &&
    [...found].every((flag) => expected.includes(flag) || optional.includes(flag));
  if (isRight) return undefined;
  return { id: one.id, expected: one.expect, found: { events, flags: [...answer.flags] } };
}

/** A suggestion to merge two contacts has no direction. */
function normalizeFlag(flag: string): string {
  const [, pair] = /^merge_suggested:(.*~.*)$/.exec(flag) ?? [];
  return pair === undefined ? flag : `merge_suggested:${pair.split("~").toSorted().join("~")}`;
}

function answer(one: IdentityCase): IdentityAnswer {
  const events: IdentityAnswer["events"] = new Map();
  const flags: IdentityAnswer["flags"] = new Set();
  for (const [workspace, items] of groupBy(one.items, workspaceOf)) {
    answerWorkspace(one, workspace, items, { events, flags });
  }
  return { events, flags };
}

function answerWorkspace(
  one: IdentityCase,
  workspace: string,
  items: readonly CaseItem[],
  { events, flags }: IdentityAnswer,
): void {
  const contacts = Object.entries(one.contacts).filter(
    ([, own]) => homeOf(own, one.items) === workspace,
  );
  const linked = linkContacts([
    ...contacts.flatMap(([key, own]) => toKnown(key, own, one)),
    ...items.flatMap(toLinks),
  ]);
  const keyOf = new Map(contacts.map(([key, own]) => [linked.founderOf.get(refOf(own)), key]));
  for (const [key, own] of contacts)
    if (!own.mergedInto) keyOf.set(linked.founderOf.get(refOf(own)), key);
  const erased = new Set(
    contacts.flatMap(([, own]) => (own.erased ? (linked.founderOf.get(refOf(own)) ?? []) : [])),
  );
  const label = (founder: string): string =>
    keyOf.get(founder) ?? `new:${founder.replace(/^\w+:/, "")}`;

  const clicks = Object.entries(one.clicks)
    .filter(([, own]) => homeOf(own, one.items) === workspace)
    .map(
      ([clickId, own]): ClickFact => ({
        clickId,
        at: Date.parse(own.at),
        ref: own.contact ? refOf(one.contacts[own.contact] ?? {}) : null,
        human: own.verdict === "human",
      }),
    );
  const own = groupBy(items.flatMap(toFacts), ([visitor]) => visitor);
  const landings = [...own].flatMap(([visitor, facts]) =>
    facts.flatMap(([, fact]) =>
      fact.clickId !== null && isJoinable(fact)
        ? [{ ...fact, visitor: visitor ?? "", clickId: fact.clickId }]
        : [],
    ),
  );
  const surroundings: Surroundings = {
    contactOf: (ref) => {
      const founder = linked.founderOf.get(ref);
      return founder !== undefined && erased.has(founder) ? null : founder;
    },
    clickOf: (id) => clicks.find(({ clickId }) => clickId === id),
    worthOf: judgeAllLandings(clicks, landings),
  };
  const found: Flag[] = [...linked.flags];
  for (const [visitor, facts] of own) {
    const plain = facts.map(([, fact]) => fact);
    if (visitor === null) {
      for (const fact of plain) events.set(fact.id, labelOf(placeAlone(fact, surroundings)));
      continue;
    }
    const placed = placeVisitor(visitor, plain, surroundings);
    found.push(...placed.flags);
    for (const { fact, owner } of placed.placed) events.set(fact.id, labelOf(owner));
  }
  for (const flag of found) flags.add(spellFlag(flag, label));

  function labelOf(owner: { contact: string } | null): string | null {
    return owner === null ? null : label(owner.contact);
  }
}

type CaseContact = IdentityCase["contacts"][string];

function refOf(contact: Partial<CaseContact>): string {
  return userRef(contact.externalId) ?? emailRef(contact.email) ?? "";
}

function toKnown(key: string, own: CaseContact, one: IdentityCase): LinkFact[] {
  const named: LinkFact = {
    id: key,
    at: 0,
    kind: "named",
    userRef: userRef(own.externalId),
    emailRef: emailRef(own.email),
    previousRef: null,
  };
  const into = own.mergedInto ? one.contacts[own.mergedInto] : undefined;
  if (!into) return [named];
  const merge: LinkFact = {
    id: `${key} merged`,
    at: 1,
    kind: "merge",
    userRef: userRef(into.externalId),
    emailRef: emailRef(into.email),
    previousRef: refOf(own),
  };
  return [named, merge];
}

function toLinks(item: CaseItem): LinkFact[] {
  const fact = toFact(item);
  if (!isJoinable(fact) || (fact.userRef === null && fact.emailRef === null)) return [];
  const named: LinkFact = { ...fact, kind: "named", previousRef: null };
  if (item.type !== "alias") return [named];
  const kind = item.src === "server" || item.auth === "secret" ? "merge" : "suggest";
  return [named, { ...named, id: `${item.id} alias`, kind, previousRef: userRef(item.previousId) }];
}

function toFacts(item: CaseItem): [string | null, VisitorFact][] {
  const fact = toFact(item);
  const own: [string | null, VisitorFact] = [item.v ?? null, fact];
  if (item.type !== "alias" || !item.previousId || item.previousId === item.v) return [own];
  const alias: VisitorFact = {
    ...fact,
    kind: "alias",
    channel: "browser",
    previousRef: userRef(item.previousId),
  };
  return [own, [item.previousId, alias]];
}
