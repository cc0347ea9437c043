import type { Sql } from "../db/db.ts";
import type { DescribedEvent } from "./describe.ts";
import type { Flag } from "./fact.ts";
import { toFlagRow } from "./flag-rows.ts";
import { groupBy } from "./group-by.ts";
import { type LinkedContact, type LinkFact, linkContacts, pickFact } from "./links.ts";
import {
  type ContactRef,
  readFlags,
  readLastContact,
  readLinkFacts,
  readRefs,
  readRefsOfContacts,
  type Scope,
} from "./store.ts";
import { mergeTraits, tellTraits } from "./traits.ts";
import { createWriters, updateTraits } from "./writers.ts";

/** What a batch changed in whom ids and emails name. */
export interface ContactsUpdate {
  /** The rows of all refs that the batch mentions or moves, as they will be. */
  readonly refs: ReadonlyMap<string, ContactRef>;
  /** The contact each of them named before, where it named one. */
  readonly contactBefore: ReadonlyMap<string, number>;
  /** Refs that name another contact than before, or one for the first time. */
  readonly movedRefs: ReadonlySet<string>;
  /** Contacts whose row was written: their times are to be computed again. */
  readonly contacts: ReadonlySet<number>;
  readonly writes: readonly Sql[];
}

/** Takes the ids, emails and traits of a batch into the contacts of a workspace. */
export async function updateContacts(
  scope: Scope,
  events: readonly DescribedEvent[],
): Promise<ContactsUpdate> {
  const { fresh, facts } = await findClosure(
    scope,
    events.flatMap(({ links }) => links),
  );
  const mentioned = events.flatMap(({ named, fact, recipientRef }) => [
    ...named.map(({ ref }) => ref),
    ...[fact.userRef, fact.emailRef, fact.previousRef, recipientRef].flatMap((ref) => ref ?? []),
  ]);
  const before = await readRefs(scope, new Set([...facts.flatMap(refsOf), ...mentioned]));
  const linked = linkContacts(facts);
  const numbers = await numberContacts(scope, linked.contacts, before);

  const after = new Map(before);
  for (const { founder, refs, mergedRefs } of linked.contacts) {
    const contact = numbers.get(founder) ?? 0;
    for (const ref of [...refs, ...mergedRefs]) {
      after.set(ref, { ...(before.get(ref) ?? nameless(ref)), contact });
    }
  }
  nameRefs(after, events);
  const changed = [...after.values()].filter((row) => !isSameRef(row, before.get(row.ref)));
  const movedRefs = new Set(
    changed.filter((row) => row.contact !== before.get(row.ref)?.contact).map(({ ref }) => ref),
  );

  const writers = createWriters(scope);
  const rows = linked.contacts.map((own) => toContactRow(own, numbers, after));
  const used = new Set(numbers.values());
  const left = new Set([...movedRefs].flatMap((ref) => before.get(ref)?.contact ?? []));
  const emptied = [...left].filter((contact) => !used.has(contact)).map((contact) => ({ contact }));
  return {
    refs: after,
    contactBefore: new Map([...before].map(([ref, { contact }]) => [ref, contact])),
    movedRefs,
    contacts: new Set([...used, ...left, ...changed.map(({ contact }) => contact)]),
    writes: [
      ...writers.linkFacts.upsert(fresh.map(toLinkRow)),
      ...writers.refs.upsert(changed.map((row) => ({ ...row }))),
      ...writers.contacts.upsert(rows),
      ...writers.contactKeys.remove(emptied),
      ...(await traitWrites(scope, [...left, ...changed.map(({ contact }) => contact)], after)),
      ...(await flagWrites(scope, facts, linked.flags, numbers)),
    ],
  };
}

/** The facts that are news, and every known fact that shares a ref with them, however far. */
async function findClosure(
  scope: Scope,
  given: readonly LinkFact[],
): Promise<{ fresh: LinkFact[]; facts: LinkFact[] }> {
  const candidates = [...groupBy(given, keyOfFact).values()].map((same) => same.reduce(pickFact));
  const known = new Map<string, LinkFact>();
  const seen = new Set<string>();
  const follow = async (from: readonly LinkFact[]): Promise<LinkFact[]> => {
    const refs = new Set(from.flatMap(refsOf).filter((ref) => !seen.has(ref)));
    for (const ref of refs) seen.add(ref);
    const found = await readLinkFacts(scope, refs);
    for (const fact of found) known.set(keyOfFact(fact), fact);
    return found;
  };
  await follow(candidates);
  const fresh = candidates.filter((fact) => {
    const stored = known.get(keyOfFact(fact));
    return stored === undefined || (fact.id !== stored.id && pickFact(fact, stored) === fact);
  });
  if (fresh.length === 0) return { fresh, facts: [] };
  let found = [...known.values()];
  while (found.length > 0) found = await follow(found);
  for (const fact of fresh) known.set(keyOfFact(fact), fact);
  return { fresh, facts: [...known.values()] };
}

/**
 * Gives each contact its number: the one its founder has, else one that another of its refs has,
 * else a new one. So rows move only where a contact really came apart or together.
 */
async function numberContacts(
  scope: Scope,
  contacts: readonly LinkedContact[],
  before: ReadonlyMap<string, ContactRef>,
): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  const taken = new Set<number>();
  const take = (founder: string, candidates: readonly string[]): void => {
    const number = candidates
      .map((ref) => before.get(ref)?.contact)
      .find((contact) => contact !== undefined && !taken.has(contact));
    if (number === undefined || numbers.has(founder)) return;
    taken.add(number);
    numbers.set(founder, number);
  };
  for (const { founder } of contacts) take(founder, [founder]);
  for (const { founder, refs, mergedRefs } of contacts) take(founder, [...refs, ...mergedRefs]);
  const unnumbered = contacts.filter(({ founder }) => !numbers.has(founder));
  if (unnumbered.length === 0) return numbers;
  const last = await readLastContact(scope);
  unnumbered.forEach(({ founder }, i) => {
    numbers.set(founder, last + 1 + i);
  });
  return numbers;
}

/** Adds what the batch tells of the refs it names: their values and traits. */
function nameRefs(refs: Map<string, ContactRef>, events: readonly DescribedEvent[]): void {
  for (const { named, traits, fact } of events) {
    for (const { ref, kind, value } of named) {
      const row = refs.get(ref);
      if (row && value !== null && row.value === null) refs.set(ref, { ...row, kind, value });
    }
    const row = refs.get(named[0]?.ref ?? "");
    if (row && Object.keys(traits).length > 0) {
      refs.set(row.ref, { ...row, ...mergeTraits([row, tellTraits(traits, fact.at)]) });
    }
  }
}

function isSameRef(row: ContactRef, old: ContactRef | undefined): boolean {
  return (
    old !== undefined &&
    row.contact === old.contact &&
    row.value === old.value &&
    row.traits === old.traits &&
    row.trait_times === old.trait_times
  );
}

function nameless(ref: string): ContactRef {
  return { ref, contact: 0, kind: "", value: null, traits: "{}", trait_times: "{}" };
}

function toContactRow(
  own: LinkedContact,
  numbers: ReadonlyMap<string, number>,
  refs: ReadonlyMap<string, ContactRef>,
) {
  const values = (kind: string, from: readonly string[]): string[] =>
    from.flatMap((ref) => {
      const row = refs.get(ref);
      return row?.kind === kind && row.value !== null ? [row.value] : [];
    });
  return {
    contact: numbers.get(own.founder) ?? 0,
    contact_id: own.founder,
    user_id: values("id", own.refs)[0] ?? values("id", own.mergedRefs)[0] ?? null,
    // The address that came last: people change theirs, and put typos right.
    email: values("email", own.refs).at(-1) ?? values("email", own.mergedRefs).at(-1) ?? null,
    founded_at: own.foundedAt,
    first_seen_at: own.foundedAt,
    last_seen_at: own.foundedAt,
  };
}

async function traitWrites(
  scope: Scope,
  of: readonly number[],
  refs: ReadonlyMap<string, ContactRef>,
): Promise<Sql[]> {
  const contacts = new Set(of);
  const stored = await readRefsOfContacts(scope, contacts);
  const rows = new Map(stored.map((row) => [row.ref, row]));
  for (const row of refs.values()) rows.set(row.ref, row);
  const byContact = groupBy([...rows.values()], ({ contact }) => contact);
  return updateTraits(
    scope,
    [...contacts].flatMap((contact) => {
      const own = byContact.get(contact);
      return own ? [{ contact, traits: mergeTraits(own).traits }] : [];
    }),
  );
}

/** Replaces the findings about the refs that were linked again. */
async function flagWrites(
  scope: Scope,
  facts: readonly LinkFact[],
  flags: readonly Flag[],
  numbers: ReadonlyMap<string, number>,
): Promise<Sql[]> {
  if (facts.length === 0) return [];
  const stored = await readFlags(scope, new Set(facts.flatMap(refsOf).map((ref) => `ref:${ref}`)));
  const rows = flags.map(({ kind, about }) =>
    toFlagRow(`ref:${about[0] ?? ""}`, {
      kind,
      about: about.map((founder) => String(numbers.get(founder))),
    }),
  );
  const { flags: writer } = createWriters(scope);
  return [...writer.remove(stored), ...writer.insertMissing(rows)];
}

function toLinkRow(fact: LinkFact) {
  return {
    user_ref: fact.userRef ?? "",
    email_ref: fact.emailRef ?? "",
    previous_ref: fact.previousRef ?? "",
    kind: fact.kind,
    occurred_at: fact.at,
    fact_id: fact.id,
  };
}

function keyOfFact({ kind, userRef, emailRef, previousRef }: LinkFact): string {
  return JSON.stringify([kind, userRef, emailRef, previousRef]);
}

function refsOf({ userRef, emailRef, previousRef }: LinkFact): string[] {
  return [userRef, emailRef, previousRef].flatMap((ref) => ref ?? []);
}
