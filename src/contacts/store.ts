import type { Db } from "../db/db.ts";
import { jsonRows, type Sql, sql } from "../db/sql.ts";
import type { StoredEvent } from "../log/event.ts";
import { parseEvent } from "../log/events-store.ts";
import type { TableName } from "../log/projection.ts";
import type { Verdict } from "./describe.ts";
import type { LinkFact } from "./links.ts";

/** One workspace of one generation, as every read and write here is bound to it. */
export interface Scope {
  readonly db: Db;
  readonly table: TableName;
  readonly workspaceId: number;
  /** See `SETTINGS.crowdEvents`. */
  readonly crowdEvents: number;
  /** Those of the refs whose contact was erased. */
  erasedOf(refs: Iterable<string>): Promise<ReadonlySet<string>>;
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

// Without statistics SQLite takes the first column of any key for selective, and every key here begins
// with the workspace: it would scan one by the primary key rather than use another index that does not
// cover the query. So a query through such an index reads covered columns (`i`) and joins by the key.

/** Bound values as a table `k` of one column `v`, distinct. */
export function keys(
  scope: Scope,
  values: Iterable<string | number>,
  type: "TEXT" | "BIGINT",
): Sql {
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
    WHERE e.seq = k.v AND e.workspace_id = ${scope.workspaceId} AND e.type <> 'erased'`);
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
    FROM ${keys(scope, list, "BIGINT")}
    CROSS JOIN ${scope.table("contact_refs")} AS i
    CROSS JOIN ${scope.table("contact_refs")} AS c
    WHERE i.workspace_id = ${scope.workspaceId} AND i.contact = k.v
      AND c.workspace_id = ${scope.workspaceId} AND c.ref = i.ref`);
}

/** The highest contact number given so far; 0 before the first. */
export async function readLastContact(scope: Scope): Promise<number> {
  const row = await scope.db.get<{ last: number | null }>(sql`
    SELECT MAX(contact) AS last FROM ${scope.table("contacts")}
    WHERE workspace_id = ${scope.workspaceId}`);
  return row?.last ?? 0;
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
  /** The seq of the event that says whose it is; null: the mail itself does. */
  readonly evidence: number | null;
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
    SELECT j.contact, j.occurred_at, j.seq, j.session, j.verdict, j.strength, j.evidence,
      j.active
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
