import type { Db, Row } from "../db/db.ts";
import { jsonRows, type Sql, sql } from "../db/sql.ts";
import type { StoredEvent } from "../log/event.ts";
import { parseEvent } from "../log/events-store.ts";
import type { TableName } from "../log/projection.ts";
import type { Verdict } from "./describe.ts";
import type { ClickFact, VisitorFact } from "./fact.ts";
import type { LinkFact } from "./links.ts";

/** One workspace of one generation, as every read and write here is bound to it. */
export interface Scope {
  readonly db: Db;
  readonly table: TableName;
  readonly workspaceId: number;
}

/** A row of `visitor_events`, its fact beside what was made of it. */
export interface VisitorEvent {
  readonly visitor: number;
  readonly seq: number;
  readonly fact: VisitorFact;
  readonly active: boolean;
  readonly verdict: Verdict;
  readonly contact: number | null;
  readonly strength: number | null;
  readonly session: number | null;
}

/** A row of `contact_refs`. */
export interface ContactRef {
  readonly ref: string;
  readonly contact: number;
  readonly kind: "id" | "email" | "";
  readonly value: string | null;
  readonly traits: string;
  readonly trait_times: string;
}

/** A row of `sessions`. */
export interface SessionRow {
  readonly session: number;
  readonly visitor: number;
  readonly started_at: number;
  readonly ended_at: number;
  readonly events: number;
}

/** Bound values as a table `k` of one column `v`, distinct. */
function keys(scope: Scope, values: Iterable<string | number>, type: "TEXT" | "BIGINT"): Sql {
  const json = JSON.stringify([...new Set(values)].map((v) => ({ v })));
  const value = type === "TEXT" ? sql`r.value ->> 'v'` : sql`CAST(r.value ->> 'v' AS BIGINT)`;
  // CROSS JOIN with the keys first: SQLite keeps that order and looks each one up.
  return sql`(SELECT ${value} AS v FROM ${jsonRows(scope.db.engine, json)}) AS k`;
}

/** Events of the log by number. */
export async function readEventsBySeq(
  scope: Scope,
  seqs: readonly number[],
): Promise<StoredEvent[]> {
  if (seqs.length === 0) return [];
  const txid = scope.db.engine === "sqlite" ? sql`0 AS txid, ` : sql``;
  const rows = await scope.db.all<Parameters<typeof parseEvent>[0]>(sql`
    SELECT ${txid}e.* FROM ${keys(scope, seqs, "BIGINT")} CROSS JOIN events AS e
    WHERE e.seq = k.v AND e.workspace_id = ${scope.workspaceId}`);
  return rows.map(parseEvent);
}

/** The traffic stage's verdicts by seq. */
export async function readVerdicts(
  scope: Scope,
  seqs: readonly number[],
): Promise<Map<number, Verdict>> {
  const rows = await scope.db.all<{ seq: number; verdict: Verdict }>(sql`
    SELECT j.seq, j.verdict FROM ${keys(scope, seqs, "BIGINT")} CROSS JOIN verdicts AS j
    WHERE j.workspace_id = ${scope.workspaceId} AND j.seq = k.v`);
  return new Map(rows.map(({ seq, verdict }) => [seq, verdict]));
}

/** Link facts that name any of the refs. */
export async function readLinkFacts(scope: Scope, refs: Iterable<string>): Promise<LinkFact[]> {
  const list = [...refs];
  if (list.length === 0) return [];
  const table = scope.table("link_facts");
  const own = scope.workspaceId;
  const rows = await scope.db.all<LinkFactRow>(sql`
    SELECT f.* FROM ${keys(scope, list, "TEXT")} CROSS JOIN ${table} AS f
    WHERE f.workspace_id = ${own} AND f.user_ref = k.v
    UNION ALL
    SELECT f.* FROM ${keys(scope, list, "TEXT")} CROSS JOIN ${table} AS f
    WHERE f.workspace_id = ${own} AND f.email_ref = k.v AND f.email_ref <> ''
    UNION ALL
    SELECT f.* FROM ${keys(scope, list, "TEXT")} CROSS JOIN ${table} AS f
    WHERE f.workspace_id = ${own} AND f.previous_ref = k.v AND f.previous_ref <> ''`);
  return rows.map((row) => ({
    id: row.fact_id,
    at: row.occurred_at,
    kind: row.kind,
    userRef: row.user_ref || null,
    emailRef: row.email_ref || null,
    previousRef: row.previous_ref || null,
  }));
}

interface LinkFactRow {
  readonly user_ref: string;
  readonly email_ref: string;
  readonly previous_ref: string;
  readonly kind: LinkFact["kind"];
  readonly occurred_at: number;
  readonly fact_id: string;
}

/** The rows of refs, by ref. */
export async function readRefs(
  scope: Scope,
  refs: Iterable<string>,
): Promise<Map<string, ContactRef>> {
  const list = [...refs];
  if (list.length === 0) return new Map();
  const rows = await scope.db.all<ContactRef>(sql`
    SELECT c.ref, c.contact, c.kind, c.value, c.traits, c.trait_times
    FROM ${keys(scope, list, "TEXT")} CROSS JOIN ${scope.table("contact_refs")} AS c
    WHERE c.workspace_id = ${scope.workspaceId} AND c.ref = k.v`);
  return new Map(rows.map((row) => [row.ref, row]));
}

/** All rows of refs that name the contacts. */
export async function readRefsOfContacts(
  scope: Scope,
  contacts: Iterable<number>,
): Promise<ContactRef[]> {
  const list = [...contacts];
  if (list.length === 0) return [];
  return scope.db.all<ContactRef>(sql`
    SELECT c.ref, c.contact, c.kind, c.value, c.traits, c.trait_times
    FROM ${keys(scope, list, "BIGINT")} CROSS JOIN ${scope.table("contact_refs")} AS c
    WHERE c.workspace_id = ${scope.workspaceId} AND c.contact = k.v`);
}

/** The highest contact number given so far; 0 before the first. */
export async function readLastContact(scope: Scope): Promise<number> {
  const row = await scope.db.get<{ last: number | null }>(sql`
    SELECT MAX(contact) AS last FROM ${scope.table("contacts")}
    WHERE workspace_id = ${scope.workspaceId}`);
  return row?.last ?? 0;
}

/** Visitors by anonymous id. */
export async function readVisitors(
  scope: Scope,
  anonymousIds: readonly string[],
): Promise<Map<string, number>> {
  if (anonymousIds.length === 0) return new Map();
  const rows = await scope.db.all<{ anonymous_id: string; visitor: number }>(sql`
    SELECT v.anonymous_id, v.visitor
    FROM ${keys(scope, anonymousIds, "TEXT")} CROSS JOIN ${scope.table("visitors")} AS v
    WHERE v.workspace_id = ${scope.workspaceId} AND v.anonymous_id = k.v`);
  return new Map(rows.map((row) => [row.anonymous_id, row.visitor]));
}

/** Visitors that any of the refs has to do with: an event names it, or a click of it landed there. */
export async function readVisitorsOfRefs(scope: Scope, refs: Iterable<string>): Promise<number[]> {
  const list = [...refs];
  if (list.length === 0) return [];
  const rows = await scope.db.all<{ visitor: number }>(sql`
    SELECT v.visitor FROM ${keys(scope, list, "TEXT")} CROSS JOIN ${scope.table("visitor_refs")} AS v
    WHERE v.workspace_id = ${scope.workspaceId} AND v.ref = k.v
    UNION
    SELECT e.visitor FROM ${keys(scope, list, "TEXT")}
    CROSS JOIN ${scope.table("email_clicks")} AS c
    CROSS JOIN ${scope.table("visitor_events")} AS e
    WHERE c.workspace_id = ${scope.workspaceId} AND c.ref = k.v AND c.ref IS NOT NULL
      AND e.workspace_id = ${scope.workspaceId} AND e.click_id = c.click_id
      AND e.click_id IS NOT NULL`);
  return rows.map(({ visitor }) => visitor);
}

/** All events of the visitors. */
export function readEventsOfVisitors(
  scope: Scope,
  visitors: Iterable<number>,
): Promise<VisitorEvent[]> {
  return readVisitorEvents(scope, visitors, "BIGINT", sql`e.visitor = k.v`);
}

/** The landings of the clicks, of all visitors. */
export function readLandings(scope: Scope, clickIds: Iterable<string>): Promise<VisitorEvent[]> {
  return readVisitorEvents(
    scope,
    clickIds,
    "TEXT",
    sql`e.click_id = k.v AND e.click_id IS NOT NULL`,
  );
}

async function readVisitorEvents(
  scope: Scope,
  values: Iterable<string | number>,
  type: "TEXT" | "BIGINT",
  condition: Sql,
): Promise<VisitorEvent[]> {
  const list = [...values];
  if (list.length === 0) return [];
  const rows = await scope.db.all<VisitorEventRow>(sql`
    SELECT e.* FROM ${keys(scope, list, type)} CROSS JOIN ${scope.table("visitor_events")} AS e
    WHERE e.workspace_id = ${scope.workspaceId} AND ${condition}`);
  return rows.map(parseVisitorEvent);
}

/** A row of `visitor_events` as both engines give it, and as `writeVisitorEvents` takes it. */
export interface VisitorEventRow extends Row {
  readonly visitor: number;
  readonly occurred_at: number;
  readonly seq: number;
  readonly fact_id: string;
  readonly kind: VisitorFact["kind"];
  readonly channel: VisitorFact["channel"];
  readonly consent: number;
  readonly sticky: number;
  readonly active: number;
  readonly user_ref: string | null;
  readonly email_ref: string | null;
  readonly previous_ref: string | null;
  readonly click_id: string | null;
  readonly campaign: string | null;
  readonly net: string | null;
  readonly os: string | null;
  readonly verdict: Verdict;
  readonly contact: number | null;
  readonly strength: number | null;
  readonly session: number | null;
}

function parseVisitorEvent(row: VisitorEventRow): VisitorEvent {
  return {
    visitor: row.visitor,
    seq: row.seq,
    active: row.active === 1,
    verdict: row.verdict,
    contact: row.contact,
    strength: row.strength,
    session: row.session,
    fact: {
      id: row.fact_id,
      at: row.occurred_at,
      kind: row.kind,
      channel: row.channel,
      invalid: row.verdict === "machine" || row.verdict === "prefetch",
      consent: row.consent === 1,
      sticky: row.sticky === 1,
      userRef: row.user_ref,
      emailRef: row.email_ref,
      previousRef: row.previous_ref,
      clickId: row.click_id,
      campaign: row.campaign,
      net: row.net,
      os: row.os,
    },
  };
}

/** Clicks by id. */
export async function readClicks(scope: Scope, clickIds: Iterable<string>): Promise<ClickFact[]> {
  const list = [...clickIds];
  if (list.length === 0) return [];
  const rows = await scope.db.all<{
    click_id: string;
    occurred_at: number;
    ref: string | null;
    human: number;
  }>(sql`
    SELECT c.click_id, c.occurred_at, c.ref, c.human
    FROM ${keys(scope, list, "TEXT")} CROSS JOIN ${scope.table("email_clicks")} AS c
    WHERE c.workspace_id = ${scope.workspaceId} AND c.click_id = k.v`);
  return rows.map((row) => ({
    clickId: row.click_id,
    at: row.occurred_at,
    ref: row.ref,
    human: row.human === 1,
  }));
}

/** Sessions of the visitors. */
export async function readSessions(
  scope: Scope,
  visitors: Iterable<number>,
): Promise<SessionRow[]> {
  const list = [...visitors];
  if (list.length === 0) return [];
  return scope.db.all<SessionRow>(sql`
    SELECT s.session, s.visitor, s.started_at, s.ended_at, s.events
    FROM ${keys(scope, list, "BIGINT")} CROSS JOIN ${scope.table("sessions")} AS s
    WHERE s.workspace_id = ${scope.workspaceId} AND s.visitor = k.v`);
}

/** Findings by scope. */
export async function readFlags(
  scope: Scope,
  scopes: Iterable<string>,
): Promise<{ scope: string; kind: string; about: string }[]> {
  const list = [...scopes];
  if (list.length === 0) return [];
  return scope.db.all<{ scope: string; kind: string; about: string }>(sql`
    SELECT f.scope, f.kind, f.about
    FROM ${keys(scope, list, "TEXT")} CROSS JOIN ${scope.table("identity_flags")} AS f
    WHERE f.workspace_id = ${scope.workspaceId} AND f.scope = k.v`);
}

/** A row of `journey`. */
export interface JourneyRow {
  readonly [column: string]: number | string | null;
  readonly contact: number;
  readonly occurred_at: number;
  readonly seq: number;
  readonly session: number | null;
  readonly verdict: Verdict;
  readonly strength: number | null;
  readonly active: number;
}

/** Events in the journeys of contacts that follow a ref instead of a visitor. */
export async function readDirectEvents(
  scope: Scope,
  contacts: Iterable<number>,
): Promise<{ row: JourneyRow; event: StoredEvent }[]> {
  const list = [...contacts];
  if (list.length === 0) return [];
  const rows = await scope.db.all<JourneyRow>(sql`
    SELECT j.contact, j.occurred_at, j.seq, j.session, j.verdict, j.strength, j.active
    FROM ${keys(scope, list, "BIGINT")}
    CROSS JOIN ${scope.table("journey")} AS j
    CROSS JOIN events AS e
    WHERE j.workspace_id = ${scope.workspaceId} AND j.contact = k.v AND e.seq = j.seq
      AND (e.source IN ('email', 'esp') OR e.anonymous_id IS NULL)`);
  const events = await readEventsBySeq(
    scope,
    rows.map(({ seq }) => seq),
  );
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  return rows.flatMap((row) => {
    const event = bySeq.get(row.seq);
    return event ? [{ row, event }] : [];
  });
}
