import type { Sql } from "../db/db.ts";
import type { DescribedEvent } from "./describe.ts";
import type { ClickFact, Flag } from "./fact.ts";
import { toFlagRow } from "./flag-rows.ts";
import { groupBy } from "./group-by.ts";
import {
  isJoinable,
  judgeAllLandings,
  type Placed,
  placeCrowd,
  placeVisitor,
  type Surroundings,
} from "./identity.ts";
import { nameVisitors, toClick, toVisitorEvents } from "./name-visitors.ts";
import { type ContactRef, readFlags, readRefs, type Scope } from "./store.ts";
import {
  readClicks,
  readCrowds,
  readEventsOfRefs,
  readEventsOfVisitors,
  readLandings,
  readSameEvents,
  readVisitorsOfRefs,
  type VisitorEvent,
} from "./store-visitors.ts";
import type { ContactsUpdate } from "./update-contacts.ts";
import {
  diffVisitor,
  toClickRow,
  toEntry,
  toLostEntry,
  toRow,
  toVisitorRefs,
} from "./visitor-rows.ts";
import { sessionsOf, sessionWrites } from "./visitor-sessions.ts";
import { createWriters } from "./writers.ts";

/** What a batch changed in journeys. */
export interface JourneyUpdate {
  readonly writes: readonly Sql[];
  /** Contacts that won or lost an entry. */
  readonly contacts: readonly number[];
  /** Events, known before, that have another owner now. */
  readonly reassigned: readonly number[];
}

/**
 * Computes the visitors that a batch concerns again, from all their facts, and writes what differs:
 * those with an event in it, those that landed from one of its clicks, those that present a click
 * id with one of them, and those that a moved ref has to do with.
 */
export async function updateVisitors(
  scope: Scope,
  events: readonly DescribedEvent[],
  contacts: ContactsUpdate,
): Promise<JourneyUpdate> {
  const writers = createWriters(scope);
  const { visitorOf, created } = await nameVisitors(scope, events);
  const given = events.flatMap((event) => toVisitorEvents(event, visitorOf));
  const clicks = events.flatMap(toClick);
  const { known, crowds } = await readAffected(scope, given, clicks, contacts.movedRefs);
  const rows = overlay(known, given);
  const surroundings = await readSurroundings(scope, rows, given, clicks, contacts.refs);
  const placed = placeAll(scope, rows, crowds, surroundings);
  const diffs = placed.flatMap(({ visitor, rows: own, ...result }) =>
    diffVisitor(own, result.placed, sessionsOf(visitor, own, result.placed)),
  );
  const stored = new Set(known.map(keyOf));
  const inBatch = new Set(given.map(keyOf));
  const changed = diffs.filter(({ isChanged, row }) => isChanged || inBatch.has(keyOf(row)));
  const aliases = given.filter(({ fact }) => fact.kind === "alias");
  return {
    contacts: changed.flatMap(({ row, contact }) => [row.contact, contact]).flatMap((c) => c ?? []),
    reassigned: changed
      .filter(({ row, contact }) => stored.has(keyOf(row)) && row.contact !== contact)
      .map(({ row }) => row.seq),
    writes: [
      ...writers.visitors.insertMissing(created),
      ...writers.visitorRefs.insertMissing(given.flatMap(toVisitorRefs)),
      ...writers.clicks.upsert(clicks.map(toClickRow)),
      ...writers.journey.remove(changed.flatMap(toLostEntry)),
      ...writers.journey.upsert(changed.flatMap(toEntry)),
      ...writers.visitorEvents.upsert([
        ...changed.map(({ row, contact, strength, evidence, session }) =>
          toRow({ ...row, contact, strength, evidence, session }),
        ),
        ...aliases.map(toRow),
      ]),
      ...(await sessionWrites(
        scope,
        placed.map((own) => own.visitor),
        placed.flatMap(({ visitor, rows: own, placed: facts }) => [
          ...sessionsOf(visitor, own, facts).rows,
        ]),
      )),
      ...(await flagWrites(scope, placed)),
    ],
  };
}

interface Affected {
  /** Every event, as stored, of every visitor that must be computed again; of a crowd only its own. */
  readonly known: readonly VisitorEvent[];
  readonly crowds: ReadonlySet<number>;
}

async function readAffected(
  scope: Scope,
  given: readonly VisitorEvent[],
  clicks: readonly ClickFact[],
  movedRefs: ReadonlySet<string>,
): Promise<Affected> {
  const clickIds = new Set([
    ...clicks.map(({ clickId }) => clickId),
    ...given.flatMap(({ fact }) => fact.clickId ?? []),
  ]);
  const [landings, ofRefs] = await Promise.all([
    readLandings(scope, clickIds),
    readVisitorsOfRefs(scope, movedRefs),
  ]);
  const visitors = new Set([...given, ...landings].map(({ visitor }) => visitor));
  for (const visitor of ofRefs) visitors.add(visitor);
  const crowds = await readCrowds(scope, visitors, scope.crowdEvents);
  const people = [...visitors].filter((visitor) => !crowds.has(visitor));
  const known = await Promise.all([
    readEventsOfVisitors(scope, people),
    readSameEvents(
      scope,
      given.filter(({ visitor }) => crowds.has(visitor)),
    ),
    readEventsOfRefs(
      scope,
      ofRefs.filter((visitor) => crowds.has(visitor)),
      movedRefs,
    ),
  ]);
  return { known: known.flat(), crowds };
}

/** The stored rows with those of the batch over them, which keep what was made of them before. */
function overlay(
  known: readonly VisitorEvent[],
  given: readonly VisitorEvent[],
): readonly VisitorEvent[] {
  const rows = new Map(known.map((row) => [keyOf(row), row]));
  for (const row of given) {
    const old = rows.get(keyOf(row));
    rows.set(keyOf(row), {
      ...row,
      contact: old?.contact ?? null,
      strength: old?.strength ?? null,
      evidence: old?.evidence ?? null,
      session: old?.session ?? null,
    });
  }
  return [...rows.values()];
}

interface PlacedVisitor {
  readonly visitor: number;
  readonly rows: readonly VisitorEvent[];
  readonly placed: readonly Placed[];
  readonly flags: readonly Flag[];
}

function placeAll(
  { crowdEvents }: Scope,
  rows: readonly VisitorEvent[],
  crowds: ReadonlySet<number>,
  surroundings: Surroundings,
): PlacedVisitor[] {
  return [...groupBy(rows, ({ visitor }) => visitor)].map(([visitor, own]) => {
    const facts = own.map(({ fact }) => fact);
    const isCrowd = crowds.has(visitor) || own.length > crowdEvents;
    const place = isCrowd ? placeCrowd : placeVisitor;
    return { visitor, rows: own, ...place(String(visitor), facts, surroundings) };
  });
}

async function readSurroundings(
  scope: Scope,
  rows: readonly VisitorEvent[],
  given: readonly VisitorEvent[],
  clicks: readonly ClickFact[],
  refs: ReadonlyMap<string, ContactRef>,
): Promise<Surroundings> {
  const clickIds = new Set(rows.flatMap(({ fact }) => fact.clickId ?? []));
  const stored = await readClicks(scope, clickIds);
  const clickOf = new Map([...stored, ...clicks].map((click) => [click.clickId, click]));
  const landings = overlay(await readLandings(scope, clickIds), given).flatMap(
    ({ visitor, fact }) =>
      fact.clickId !== null && isJoinable(fact)
        ? [{ ...fact, visitor: String(visitor), clickId: fact.clickId }]
        : [],
  );
  const mentioned = new Set([
    ...rows.flatMap(({ fact }) =>
      [fact.userRef, fact.emailRef, fact.previousRef].flatMap((ref) => ref ?? []),
    ),
    ...[...clickOf.values()].flatMap(({ ref }) => ref ?? []),
  ]);
  const [others, erased] = await Promise.all([
    readRefs(
      scope,
      [...mentioned].filter((ref) => !refs.has(ref)),
    ),
    scope.erasedOf(mentioned),
  ]);
  return {
    contactOf(ref) {
      if (erased.has(ref)) return null;
      const contact = (refs.get(ref) ?? others.get(ref))?.contact;
      return contact === undefined ? undefined : String(contact);
    },
    clickOf: (clickId) => clickOf.get(clickId),
    worthOf: judgeAllLandings([...clickOf.values()], landings),
  };
}

async function flagWrites(scope: Scope, placed: readonly PlacedVisitor[]): Promise<Sql[]> {
  const stored = await readFlags(
    scope,
    placed.map(({ visitor }) => `visitor:${visitor}`),
  );
  const flags = placed.flatMap(({ visitor, flags: own }) =>
    own.map((flag) => toFlagRow(`visitor:${visitor}`, flag)),
  );
  const { flags: writer } = createWriters(scope);
  const spell = (row: { scope: string; kind: string; about: string }): string =>
    JSON.stringify([row.scope, row.kind, row.about]);
  const [before, after] = [new Set(stored.map(spell)), new Set(flags.map(spell))];
  return [
    ...writer.remove(stored.filter((row) => !after.has(spell(row)))),
    ...writer.insertMissing(flags.filter((row) => !before.has(spell(row)))),
  ];
}

function keyOf({ visitor, seq }: VisitorEvent): string {
  return `${visitor}:${seq}`;
}
