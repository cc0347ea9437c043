import type { Sql } from "../db/db.ts";
import type { DescribedEvent } from "./describe.ts";
import type { ClickFact, Flag } from "./fact.ts";
import { toFlagRow } from "./flag-rows.ts";
import { groupBy } from "./group-by.ts";
import {
  isJoinable,
  judgeAllLandings,
  type Placed,
  placeVisitor,
  type Surroundings,
} from "./identity.ts";
import {
  type ContactRef,
  type JourneyRow,
  readClicks,
  readEventsOfVisitors,
  readFlags,
  readLandings,
  readRefs,
  readSessions,
  readVisitors,
  readVisitorsOfRefs,
  type Scope,
  type SessionRow,
  type VisitorEvent,
} from "./store.ts";
import type { ContactsUpdate } from "./update-contacts.ts";
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
  const known = await readAffected(scope, given, clicks, contacts.movedRefs);
  const rows = overlay(known, given);
  const placed = await placeAll(scope, rows, given, clicks, contacts.refs);
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
        ...changed.map(({ row, contact, strength, session }) =>
          toRow({ ...row, contact, strength, session }),
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

/** The numbers of the visitors of a batch; a new one is numbered after the event that brought it. */
async function nameVisitors(
  scope: Scope,
  events: readonly DescribedEvent[],
): Promise<{
  visitorOf: ReadonlyMap<string, number>;
  created: { visitor: number; anonymous_id: string }[];
}> {
  const ids = events.flatMap(({ anonymousId, aliasOf }) =>
    [anonymousId ?? [], aliasOf ?? []].flat(),
  );
  const visitorOf = await readVisitors(scope, ids);
  const created: { visitor: number; anonymous_id: string }[] = [];
  const create = (anonymousId: string | null, visitor: number): void => {
    if (anonymousId === null || visitorOf.has(anonymousId)) return;
    visitorOf.set(anonymousId, visitor);
    created.push({ visitor, anonymous_id: anonymousId });
  };
  for (const { anonymousId, aliasOf, seq } of events) {
    create(anonymousId, seq);
    // One event may bring two.
    create(aliasOf, -seq);
  }
  return { visitorOf, created };
}

function toVisitorEvents(
  { seq, fact, anonymousId, aliasOf, active, verdict }: DescribedEvent,
  visitorOf: ReadonlyMap<string, number>,
): VisitorEvent[] {
  const unplaced = { seq, active, verdict, contact: null, strength: null, session: null };
  const rows: VisitorEvent[] = [];
  const own = visitorOf.get(anonymousId ?? "");
  if (anonymousId !== null && own !== undefined) rows.push({ ...unplaced, visitor: own, fact });
  const named = visitorOf.get(aliasOf ?? "");
  if (aliasOf !== null && named !== undefined) {
    rows.push({
      ...unplaced,
      visitor: named,
      fact: { ...fact, kind: "alias", channel: "browser", clickId: null },
    });
  }
  return rows;
}

function toClick({ isClick, fact, recipientRef, verdict }: DescribedEvent): ClickFact[] {
  if (!isClick || fact.clickId === null) return [];
  return [{ clickId: fact.clickId, at: fact.at, ref: recipientRef, human: verdict === "human" }];
}

/** Every event, as stored, of every visitor that must be computed again. */
async function readAffected(
  scope: Scope,
  given: readonly VisitorEvent[],
  clicks: readonly ClickFact[],
  movedRefs: ReadonlySet<string>,
): Promise<VisitorEvent[]> {
  const clickIds = new Set([
    ...clicks.map(({ clickId }) => clickId),
    ...given.flatMap(({ fact }) => fact.clickId ?? []),
  ]);
  const [landings, ofRefs] = await Promise.all([
    readLandings(scope, clickIds),
    readVisitorsOfRefs(scope, movedRefs),
  ]);
  const visitors = new Set([...given, ...landings].map(({ visitor }) => visitor));
  return readEventsOfVisitors(scope, new Set([...visitors, ...ofRefs]));
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

async function placeAll(
  scope: Scope,
  rows: readonly VisitorEvent[],
  given: readonly VisitorEvent[],
  clicks: readonly ClickFact[],
  refs: ReadonlyMap<string, ContactRef>,
): Promise<PlacedVisitor[]> {
  const surroundings = await readSurroundings(scope, rows, given, clicks, refs);
  return [...groupBy(rows, ({ visitor }) => visitor)].map(([visitor, own]) => ({
    visitor,
    rows: own,
    ...placeVisitor(
      String(visitor),
      own.map(({ fact }) => fact),
      surroundings,
    ),
  }));
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
  const others = await readRefs(
    scope,
    [...mentioned].filter((ref) => !refs.has(ref)),
  );
  return {
    contactOf(ref) {
      const contact = (refs.get(ref) ?? others.get(ref))?.contact;
      return contact === undefined ? undefined : String(contact);
    },
    clickOf: (clickId) => clickOf.get(clickId),
    worthOf: judgeAllLandings([...clickOf.values()], landings),
  };
}

interface Diff {
  readonly row: VisitorEvent;
  readonly contact: number | null;
  readonly strength: number | null;
  readonly session: number | null;
  readonly isChanged: boolean;
}

function diffVisitor(
  rows: readonly VisitorEvent[],
  placed: readonly Placed[],
  { nameOf }: VisitorSessions,
): Diff[] {
  const rowOf = new Map(rows.map((row) => [row.fact, row]));
  return placed.flatMap(({ fact, session: number, owner }) => {
    const row = rowOf.get(fact);
    if (!row) return [];
    const contact = owner === null ? null : Number(owner.contact);
    const strength = owner?.strength ?? null;
    const session = number === null ? null : (nameOf.get(number) ?? null);
    const isChanged =
      contact !== row.contact || strength !== row.strength || session !== row.session;
    return [{ row, contact, strength, session, isChanged }];
  });
}

interface VisitorSessions {
  /** Session number within the visitor to the seq of its first event. */
  readonly nameOf: ReadonlyMap<number, number>;
  readonly rows: readonly SessionRow[];
}

function sessionsOf(
  visitor: number,
  rows: readonly VisitorEvent[],
  placed: readonly Placed[],
): VisitorSessions {
  const seqOf = new Map(rows.map((row) => [row.fact, row.seq]));
  const nameOf = new Map<number, number>();
  const sessions: SessionRow[] = [];
  for (const [number, facts] of groupBy(placed, ({ session }) => session)) {
    const first = facts[0]?.fact;
    const seq = first && seqOf.get(first);
    if (number === null || first === undefined || seq === undefined) continue;
    nameOf.set(number, seq);
    const last = facts.findLast(({ fact }) => fact.kind === "event")?.fact ?? first;
    sessions.push({
      session: seq,
      visitor,
      started_at: first.at,
      ended_at: last.at,
      events: facts.length,
    });
  }
  return { nameOf, rows: sessions };
}

function toLostEntry({ row, contact }: Diff) {
  if (row.contact === null || row.contact === contact) return [];
  return [{ contact: row.contact, occurred_at: row.fact.at, seq: row.seq }];
}

function toEntry({ row, contact, strength, session }: Diff): JourneyRow[] {
  if (contact === null) return [];
  return [
    {
      contact,
      occurred_at: row.fact.at,
      seq: row.seq,
      session,
      verdict: row.verdict,
      strength,
      active: row.active ? 1 : 0,
    },
  ];
}

function toRow({ visitor, seq, fact, active, verdict, contact, strength, session }: VisitorEvent) {
  return {
    visitor,
    occurred_at: fact.at,
    seq,
    fact_id: fact.id,
    kind: fact.kind,
    channel: fact.channel,
    consent: fact.consent ? 1 : 0,
    sticky: fact.sticky ? 1 : 0,
    active: active ? 1 : 0,
    user_ref: fact.userRef,
    email_ref: fact.emailRef,
    previous_ref: fact.previousRef,
    click_id: fact.clickId,
    campaign: fact.campaign,
    net: fact.net,
    os: fact.os,
    verdict,
    contact,
    strength,
    session,
  };
}

function toVisitorRefs({ visitor, fact }: VisitorEvent) {
  const refs = [fact.userRef, fact.emailRef, fact.previousRef].flatMap((ref) => ref ?? []);
  return refs.map((ref) => ({ ref, visitor }));
}

function toClickRow({ clickId, at, ref, human }: ClickFact) {
  return { click_id: clickId, occurred_at: at, ref, human: human ? 1 : 0 };
}

async function sessionWrites(
  scope: Scope,
  visitors: readonly number[],
  sessions: readonly SessionRow[],
): Promise<Sql[]> {
  const stored = await readSessions(scope, visitors);
  const { sessions: writer } = createWriters(scope);
  const spell = (row: SessionRow): string =>
    JSON.stringify([row.session, row.visitor, row.started_at, row.ended_at, row.events]);
  const before = new Set(stored.map(spell));
  const names = new Set(sessions.map(({ session }) => session));
  return [
    ...writer.remove(
      stored.filter(({ session }) => !names.has(session)).map((row) => ({ ...row })),
    ),
    ...writer.upsert(sessions.filter((row) => !before.has(spell(row))).map((row) => ({ ...row }))),
  ];
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
