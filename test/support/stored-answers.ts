import type { Flag } from "../../src/contacts/fact.ts";
import { groupBy } from "../../src/contacts/group-by.ts";
import type { Engine } from "../../src/db/db.ts";
import { type Sql, sql } from "../../src/db/sql.ts";
import { cleanEmail, cleanUserId } from "../../src/lib/junk-ids.ts";
import type { Refs } from "../../src/lib/refs.ts";
import { createEvent, type EventRow } from "../../src/log/event.ts";
import { BEFORE_ALL, toClickEvent, toEvent } from "./case-events.ts";
import { type CaseItem, homeOf, spellFlag, workspaceOf } from "./case-file.ts";
import { SHARED } from "./database.ts";
import setup from "./global-setup.ts";
import { createJourneyDriver, type JourneyDriver, type TestVerdict } from "./journey-driver.ts";
import { shuffled, toRounds } from "./shuffle.ts";

interface StoredCase {
  readonly id: string;
  readonly items: readonly CaseItem[];
  readonly contacts?: Readonly<Record<string, StoredContact>>;
  readonly clicks?: Readonly<
    Record<
      string,
      {
        contact?: string | null | undefined;
        at: string;
        verdict: string;
        ws?: string | null | undefined;
      }
    >
  >;
}

interface StoredContact {
  readonly email?: string | null | undefined;
  readonly externalId?: string | null | undefined;
  readonly mergedInto?: string | null | undefined;
  readonly erased?: unknown;
  readonly ws?: string | null | undefined;
}

/** A case in one order of arrival. */
interface Trial {
  readonly given: StoredCase;
  readonly seed: number;
}

/** What the projection made of a case. */
interface StoredAnswer {
  readonly events: Map<string, string | null>;
  readonly sessions: Map<string, string | null>;
  readonly flags: Set<string>;
}

/** A case whose facts are in the log under workspaces of its own. */
interface Fed {
  readonly given: StoredCase;
  readonly numbers: ReadonlyMap<string, number>;
  readonly facts: readonly EventRow[];
}

/** Orders that share a transaction: many, or commits cost more than the work. */
const ORDERS_A_FEED = 300;

/**
 * Answers trials by the projection on a database, each in workspaces of its own; an order that comes
 * again is answered once. Starts the database, and outside a test run the servers that tests share.
 *
 * @returns one answer a trial
 */
export async function answerStored(
  engine: Engine,
  trials: readonly Trial[],
): Promise<readonly StoredAnswer[]> {
  const teardown =
    process.env[SHARED.sqliteTemplate] === undefined ? await setup() : () => Promise.resolve();
  const driver = await createJourneyDriver(engine);
  try {
    const orders = new Map<string, Fed>();
    let lastWorkspace = 0;
    const keys = trials.map(({ given, seed }) => {
      const names = [...new Set(given.items.map(workspaceOf))];
      const numbers = new Map(names.map((name, at) => [name, lastWorkspace + at + 1]));
      const facts = shuffled(factsOf(driver, given, numbers), seed + 1);
      const key = JSON.stringify([given.id, ...facts.map(({ event_id }) => event_id)]);
      if (!orders.has(key)) {
        orders.set(key, { given, numbers, facts });
        lastWorkspace += names.length;
      }
      return key;
    });
    await feedOrders(driver, [...orders.values()]);
    const stored = await readStored(driver);
    return keys.map((key) => {
      const fed = orders.get(key);
      return fed ? answerOf(driver, fed, stored) : noAnswer();
    });
  } finally {
    await driver.dispose();
    await teardown();
  }
}

function noAnswer(): StoredAnswer {
  return { events: new Map(), sessions: new Map(), flags: new Set() };
}

async function feedOrders(driver: JourneyDriver, orders: readonly Fed[]): Promise<void> {
  for (const { given, numbers } of orders) eraseContacts(driver, given, numbers);
  const machines = new Map(
    orders.flatMap(({ given, numbers }) => {
      const names = machinesOf(given);
      return [...numbers.values()].map((number) => [number, names] as const);
    }),
  );
  const verdictOf = ({ workspace_id, source, event_id, type }: EventRow): TestVerdict | null => {
    if (machines.get(workspace_id)?.has(event_id)) return "machine";
    return source === "server" || type === "sent" ? null : "human";
  };
  for (let from = 0; from < orders.length; from += ORDERS_A_FEED) {
    const some = orders.slice(from, from + ORDERS_A_FEED);
    await driver.feedRounds(toRounds(some.map(({ facts }) => facts)), verdictOf);
  }
}

function machinesOf({ items, clicks = {} }: StoredCase): Set<string> {
  return new Set([
    ...items.filter(({ bot }) => bot).map(({ id }) => id),
    ...Object.entries(clicks)
      .filter(([, { verdict }]) => verdict !== "human")
      .map(([clickId]) => clickId),
  ]);
}

function eraseContacts(
  driver: JourneyDriver,
  one: StoredCase,
  numbers: ReadonlyMap<string, number>,
): void {
  for (const contact of Object.values(one.contacts ?? {})) {
    const workspaceId = numbers.get(homeOf(contact, one.items));
    if (!contact.erased || workspaceId === undefined) continue;
    const refs = driver.refsOf(workspaceId);
    const { id, email } = namesOf(contact);
    driver.erase(
      workspaceId,
      [refs.contact({ id }), refs.contact({ email })].flatMap((ref) => ref ?? []),
    );
  }
}

function factsOf(
  driver: JourneyDriver,
  one: StoredCase,
  numbers: ReadonlyMap<string, number>,
): EventRow[] {
  return [
    ...one.items.map((item) => toEvent(item, numbers.get(workspaceOf(item)) ?? 0)),
    ...Object.keys(one.contacts ?? {}).flatMap((key) => contactFacts(key, one, numbers)),
    ...Object.entries(one.clicks ?? {}).flatMap(([clickId, click]) =>
      clickFacts(driver, clickId, click, one, numbers),
    ),
  ];
}

function answerOf(driver: JourneyDriver, { given, numbers }: Fed, stored: Stored): StoredAnswer {
  const found = noAnswer();
  for (const [name, number] of numbers) addAnswers(driver, given, name, number, stored, found);
  return found;
}

function contactFacts(
  key: string,
  one: StoredCase,
  numbers: ReadonlyMap<string, number>,
): EventRow[] {
  const { contacts = {} } = one;
  const contact = contacts[key];
  const workspaceId = contact && numbers.get(homeOf(contact, one.items));
  if (!contact || workspaceId === undefined) return [];
  const into = contacts[contact.mergedInto ?? ""];
  return [
    toSent(key, contact, workspaceId),
    ...(into ? [toMerge(key, contact, into, workspaceId)] : []),
  ];
}

function clickFacts(
  { refsOf }: JourneyDriver,
  clickId: string,
  click: NonNullable<StoredCase["clicks"]>[string],
  one: StoredCase,
  numbers: ReadonlyMap<string, number>,
): EventRow[] {
  const workspaceId = numbers.get(homeOf(click, one.items));
  if (workspaceId === undefined) return [];
  const contact = one.contacts?.[click.contact ?? ""];
  const ref = contact ? refsOf(workspaceId).contact(namesOf(contact)) : null;
  return [toClickEvent(clickId, click.at, ref, workspaceId)];
}

function namesOf({ externalId, email }: StoredContact) {
  return { id: externalId ?? undefined, email: email ?? undefined };
}

function toSent(key: string, contact: StoredContact, workspaceId: number): EventRow {
  return createEvent({
    workspace_id: workspaceId,
    source_id: "rewrite",
    event_id: `sent ${key}`,
    source: "email",
    type: "sent",
    name: "email_sent",
    occurred_at: BEFORE_ALL,
    received_at: BEFORE_ALL,
    user_id: contact.externalId ?? null,
    email_claim: contact.email ?? null,
  });
}

function toMerge(
  key: string,
  contact: StoredContact,
  into: StoredContact,
  workspaceId: number,
): EventRow {
  return createEvent({
    workspace_id: workspaceId,
    source_id: "server",
    event_id: `merge ${key}`,
    source: "server",
    type: "alias",
    name: "alias",
    occurred_at: BEFORE_ALL + 1,
    received_at: BEFORE_ALL + 1,
    user_id: into.externalId ?? null,
    email_claim: into.email ?? null,
    properties: { previous_id: contact.externalId ?? contact.email },
  });
}

/** Rows of every workspace, by its number: asking for those of each alone took longer than the projection. */
interface Stored {
  readonly entries: RowsOf<{ event_id: string; contact: number }>;
  readonly visitors: RowsOf<{ visitor: number; anonymous_id: string }>;
  readonly flags: RowsOf<{ kind: Flag["kind"]; about: string }>;
  readonly refs: RowsOf<{ ref: string; contact: number; contact_id: string }>;
  /** By time. */
  readonly sessions: RowsOf<{ event_id: string; anonymous_id: string; session: number }>;
}

/** The rows of one workspace. */
type RowsOf<T> = (workspaceId: number) => readonly T[];

async function readStored({ db }: JourneyDriver): Promise<Stored> {
  async function read<T>(query: Sql): Promise<RowsOf<T>> {
    const rows = await db.all<T & { workspace_id: number }>(query);
    const byWorkspace = groupBy(rows, ({ workspace_id }) => workspace_id);
    return (workspaceId) => byWorkspace.get(workspaceId) ?? [];
  }
  return {
    entries: await read(sql`
      SELECT j.workspace_id, e.event_id, j.contact
      FROM journey AS j JOIN events AS e ON e.seq = j.seq`),
    visitors: await read(sql`SELECT workspace_id, visitor, anonymous_id FROM visitors`),
    flags: await read(sql`SELECT workspace_id, kind, about FROM identity_flags`),
    refs: await read(sql`
      SELECT r.workspace_id, r.ref, r.contact, c.contact_id FROM contact_refs AS r
      JOIN contacts AS c ON c.workspace_id = r.workspace_id AND c.contact = r.contact`),
    sessions: await read(sql`
      SELECT v.workspace_id, e.event_id, e.anonymous_id, v.session
      FROM visitor_events AS v
      JOIN events AS e ON e.seq = v.seq
      JOIN sessions AS s ON s.workspace_id = v.workspace_id AND s.session = v.session
      WHERE v.kind <> 'alias'
      ORDER BY s.started_at, v.occurred_at, v.fact_id`),
  };
}

function addAnswers(
  { refsOf }: JourneyDriver,
  one: StoredCase,
  name: string,
  workspaceId: number,
  stored: Stored,
  found: StoredAnswer,
): void {
  const label = labelContacts(refsOf(workspaceId), one, name, stored.refs(workspaceId));
  for (const { event_id, contact } of stored.entries(workspaceId))
    found.events.set(event_id, label(contact));
  numberSessions(stored.sessions(workspaceId), found.sessions);
  const visitorOf = new Map(
    stored.visitors(workspaceId).map((row) => [String(row.visitor), row.anonymous_id]),
  );
  for (const { kind, about } of stored.flags(workspaceId)) {
    const parts: string[] = JSON.parse(about);
    const isVisitor = kind === "shared" || kind === "kiosk";
    const spelled = parts.map((part) =>
      isVisitor ? (visitorOf.get(part) ?? part) : part.replace(/ (site|server)$/, ""),
    );
    found.flags.add(spellFlag({ kind, about: spelled }, (contact) => label(Number(contact))));
  }
}

/** How the case calls the contacts that the projection made. */
function labelContacts(
  refs: Refs,
  one: StoredCase,
  name: string,
  rows: ReturnType<Stored["refs"]>,
): (contact: number) => string {
  const contactOf = new Map(rows.map(({ ref, contact }) => [ref, contact]));
  const founderOf = new Map(rows.map(({ contact, contact_id }) => [contact, contact_id]));
  const known = Object.entries(one.contacts ?? {}).filter(
    ([, own]) => homeOf(own, one.items) === name,
  );
  const labels = new Map(
    // A merged contact goes by the name of the one it was merged into.
    known
      .toSorted(([, a], [, b]) => Number(Boolean(b.mergedInto)) - Number(Boolean(a.mergedInto)))
      .map(([key, own]) => [contactOf.get(refs.contact(namesOf(own)) ?? ""), key]),
  );
  const values = one.items.flatMap(({ userId, email }) => {
    const [id, address] = [cleanUserId(userId), cleanEmail(email)];
    return [
      [id === null ? null : refs.contact({ id }), id] as const,
      [address === null ? null : refs.contact({ email: address }), address] as const,
    ];
  });
  const named = new Map(values);
  return (contact) => labels.get(contact) ?? `new:${named.get(founderOf.get(contact) ?? "")}`;
}

function numberSessions(
  rows: ReturnType<Stored["sessions"]>,
  sessions: Map<string, string | null>,
): void {
  const numbers = new Map<string, Map<number, number>>();
  for (const { event_id, anonymous_id, session } of rows) {
    const own = numbers.get(anonymous_id) ?? new Map<number, number>();
    numbers.set(anonymous_id, own);
    const number = own.get(session) ?? own.size + 1;
    own.set(session, number);
    sessions.set(event_id, `${anonymous_id}#${number}`);
  }
}
