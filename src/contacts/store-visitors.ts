import { jsonRows, type Sql, sql } from "../db/sql.ts";
import type { Verdict } from "./describe.ts";
import type { ClickFact, VisitorFact } from "./fact.ts";
import { keys, type Scope } from "./store.ts";

/** A row of `visitor_events`, its fact beside what was made of it. */
export interface VisitorEvent {
  readonly visitor: number;
  readonly seq: number;
  readonly fact: VisitorFact;
  readonly active: boolean;
  readonly verdict: Verdict;
  readonly contact: number | null;
  readonly strength: number | null;
  readonly evidence: number | null;
  readonly session: number | null;
}

/** A row of `sessions`. */
export interface SessionRow {
  readonly session: number;
  readonly visitor: number;
  readonly started_at: number;
  readonly ended_at: number;
  readonly events: number;
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
export async function readLandings(
  scope: Scope,
  clickIds: Iterable<string>,
): Promise<VisitorEvent[]> {
  const list = [...clickIds];
  if (list.length === 0) return [];
  const rows = await scope.db.all<VisitorEventRow>(sql`
    SELECT e.* FROM ${keys(scope, list, "TEXT")}
    CROSS JOIN ${scope.table("visitor_events")} AS i
    CROSS JOIN ${scope.table("visitor_events")} AS e
    WHERE i.workspace_id = ${scope.workspaceId} AND i.click_id = k.v AND i.click_id IS NOT NULL
      AND e.workspace_id = ${scope.workspaceId} AND e.visitor = i.visitor
      AND e.occurred_at = i.occurred_at AND e.seq = i.seq`);
  return rows.map(parseVisitorEvent);
}

/** Of the visitors those with more events than `most`. */
export async function readCrowds(
  scope: Scope,
  visitors: Iterable<number>,
  most: number,
): Promise<Set<number>> {
  const list = [...visitors];
  if (list.length === 0) return new Set();
  const rows = await scope.db.all<{ visitor: number }>(sql`
    SELECT k.v AS visitor FROM ${keys(scope, list, "BIGINT")}
    WHERE (
      SELECT 1 FROM ${scope.table("visitor_events")} AS e
      WHERE e.workspace_id = ${scope.workspaceId} AND e.visitor = k.v
      LIMIT 1 OFFSET ${most}
    ) = 1`);
  return new Set(rows.map(({ visitor }) => visitor));
}

/** The stored rows of the same events. */
export async function readSameEvents(
  scope: Scope,
  events: readonly VisitorEvent[],
): Promise<VisitorEvent[]> {
  if (events.length === 0) return [];
  const json = JSON.stringify(
    events.map(({ visitor, seq, fact: { at } }) => ({ visitor, seq, at })),
  );
  const rows = await scope.db.all<VisitorEventRow>(sql`
    SELECT e.* FROM ${jsonRows(scope.db.engine, json)}
    CROSS JOIN ${scope.table("visitor_events")} AS e
    WHERE e.workspace_id = ${scope.workspaceId}
      AND e.visitor = CAST(r.value ->> 'visitor' AS BIGINT)
      AND e.occurred_at = CAST(r.value ->> 'at' AS BIGINT)
      AND e.seq = CAST(r.value ->> 'seq' AS BIGINT)`);
  return rows.map(parseVisitorEvent);
}

/** Events of the visitors that name one of the refs: a scan of each, for refs that moved. */
export async function readEventsOfRefs(
  scope: Scope,
  visitors: readonly number[],
  refs: Iterable<string>,
): Promise<VisitorEvent[]> {
  const list = [...refs];
  if (visitors.length === 0 || list.length === 0) return [];
  const moved = sql`(SELECT k.v FROM ${keys(scope, list, "TEXT")})`;
  return readVisitorEvents(
    scope,
    visitors,
    "BIGINT",
    sql`e.visitor = k.v AND (e.user_ref IN ${moved} OR e.email_ref IN ${moved})`,
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
interface VisitorEventRow {
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
  readonly evidence: number | null;
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
    evidence: row.evidence,
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
    FROM ${keys(scope, list, "BIGINT")}
    CROSS JOIN ${scope.table("sessions")} AS i
    CROSS JOIN ${scope.table("sessions")} AS s
    WHERE i.workspace_id = ${scope.workspaceId} AND i.visitor = k.v
      AND s.workspace_id = ${scope.workspaceId} AND s.session = i.session`);
}
