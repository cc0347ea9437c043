import type { BatchStatement, Db } from "../../db/db.ts";
import { jsonRows, type Sql, sql } from "../../db/sql.ts";
import { readGenerations, tableOf } from "../../log/generations.ts";
import type { AppendChanges, TableName } from "../../log/projection.ts";
import type { ErasurePlan } from "./plan.ts";
import type { FoundEvent } from "./redact.ts";
import { valuesOf } from "./sweep-log.ts";

/** The generations of a projection, as names of their tables. */
export async function tablesOf(db: Db, projection: string): Promise<TableName[]> {
  const generations = await readGenerations(db, projection);
  return generations.map(({ generation }) => tableOf(generation));
}

/** The tables of projections that hold rows of single facts, by workspace and seq. */
const FACT_TABLES = {
  traffic: ["verdicts", "traffic_hits", "traffic_visits"],
  transactions: ["transactions"],
};

/** The same of every generation. */
export async function factTables(db: Db): Promise<Sql[]> {
  const tables = await Promise.all(
    Object.entries(FACT_TABLES).map(async ([projection, names]) =>
      (await tablesOf(db, projection)).flatMap((table) => names.map(table)),
    ),
  );
  return tables.flat();
}

/** What the projections know of single facts: goes with them. */
export function dropFacts(
  db: Db,
  workspaceId: number,
  own: readonly FoundEvent[],
  tables: { readonly facts: readonly Sql[]; readonly journey: readonly TableName[] },
): Sql[] {
  if (own.length === 0) return [];
  const rows = jsonRows(
    db.engine,
    JSON.stringify(
      own.map(({ seq, occurred_at: at, anonymous_id: visitor }) => ({ seq, at, visitor })),
    ),
  );
  const seqs = sql`SELECT CAST(r.value ->> 'seq' AS BIGINT) FROM ${rows}`;
  return [
    ...tables.facts.map(
      (table) => sql`DELETE FROM ${table} WHERE workspace_id = ${workspaceId} AND seq IN (${seqs})`,
    ),
    ...tables.journey.map(
      (table) => sql`
        DELETE FROM ${table("visitor_events")}
        WHERE (workspace_id, visitor, occurred_at, seq) IN (
          SELECT v.workspace_id, v.visitor, CAST(r.value ->> 'at' AS BIGINT),
            CAST(r.value ->> 'seq' AS BIGINT)
          FROM ${rows} CROSS JOIN ${table("visitors")} AS v
          WHERE v.workspace_id = ${workspaceId} AND v.anonymous_id = r.value ->> 'visitor')`,
    ),
  ];
}

/** What one generation of the projection `journey` knows of the contact. */
export async function dropContact(
  db: Db,
  workspaceId: number,
  plan: ErasurePlan,
  table: TableName,
): Promise<BatchStatement[]> {
  const refs = valuesOf(db, plan.refs);
  const visitors = sql`
    SELECT v.visitor FROM ${table("visitors")} AS v
    WHERE v.workspace_id = ${workspaceId} AND v.anonymous_id IN (${valuesOf(db, plan.visitors)})`;
  const contacts = sql`
    SELECT c.contact FROM ${table("contact_refs")} AS c
    WHERE c.workspace_id = ${workspaceId} AND c.ref IN (${refs})`;
  const drop = (name: string, condition: Sql): Sql =>
    sql`DELETE FROM ${table(name)} WHERE workspace_id = ${workspaceId} AND ${condition}`;
  const flags = await findFlags(db, workspaceId, plan, table, contacts, visitors);
  return [
    ...flags,
    // Whom the contacts' rows are found by goes last.
    drop("journey", sql`contact IN (${contacts})`),
    drop("contacts", sql`contact IN (${contacts})`),
    drop("contact_refs", sql`ref IN (${refs})`),
    ...keepOthersLinks(workspaceId, table, refs),
    drop(
      "link_facts",
      sql`(user_ref IN (${refs}) OR email_ref IN (${refs}) OR previous_ref IN (${refs}))`,
    ),
    drop("email_clicks", sql`click_id IN (${valuesOf(db, plan.clicks)})`),
    drop("email_clicks", sql`ref IN (${refs})`),
    drop("visitor_events", sql`visitor IN (${visitors})`),
    drop("sessions", sql`visitor IN (${visitors})`),
    drop("visitor_refs", sql`visitor IN (${visitors})`),
    drop("visitor_refs", sql`ref IN (${refs})`),
    drop("visitors", sql`anonymous_id IN (${valuesOf(db, plan.visitors)})`),
  ];
}

/** Who claimed the contact's address is still somebody: the fact stays without the address. */
function keepOthersLinks(workspaceId: number, table: TableName, refs: Sql): Sql[] {
  const links = table("link_facts");
  return [
    sql`
      INSERT INTO ${links} (
        workspace_id, user_ref, email_ref, previous_ref, kind, occurred_at, fact_id)
      SELECT f.workspace_id, f.user_ref, '', '', 'named', MIN(f.occurred_at), MIN(f.fact_id)
      FROM ${links} AS f
      WHERE f.workspace_id = ${workspaceId} AND f.email_ref IN (${refs})
        AND f.user_ref <> '' AND f.user_ref NOT IN (${refs})
      GROUP BY f.workspace_id, f.user_ref
      ON CONFLICT DO NOTHING`,
  ];
}

/** Kinds of findings that are about contacts, by number; the others are about clicks and events. */
const ABOUT_CONTACTS = new Set(["merge_suggested", "email_conflict", "forwarded", "foreign_click"]);

interface FlagRow {
  readonly scope: string;
  readonly kind: string;
  readonly about: string;
}

async function findFlags(
  db: Db,
  workspaceId: number,
  plan: ErasurePlan,
  table: TableName,
  contacts: Sql,
  visitors: Sql,
): Promise<Sql[]> {
  const numbersOf = async (query: Sql): Promise<string[]> =>
    (await db.all(query)).flatMap((row) => Object.values(row).map(String));
  const numbers = new Set(await numbersOf(contacts));
  const scopes = new Set([
    ...plan.refs.map((ref) => `ref:${ref}`),
    ...(await numbersOf(visitors)).map((visitor) => `visitor:${visitor}`),
  ]);
  const clicks = new Set(plan.clicks);
  const isTheirs = ({ scope, kind, about }: FlagRow): boolean => {
    const names: string[] = JSON.parse(about);
    return (
      scopes.has(scope) ||
      names.some((name) => clicks.has(name) || (ABOUT_CONTACTS.has(kind) && numbers.has(name)))
    );
  };
  const rows = await db.all<FlagRow>(sql`
    SELECT scope, kind, about FROM ${table("identity_flags")} WHERE workspace_id = ${workspaceId}`);
  return rows.filter(isTheirs).map(
    ({ scope, kind, about }) => sql`
      DELETE FROM ${table("identity_flags")}
      WHERE workspace_id = ${workspaceId} AND scope = ${scope} AND kind = ${kind} AND about = ${about}`,
  );
}

/** What the traffic stage remembers of messages that were the contact's alone. */
export function dropMails(
  db: Db,
  workspaceId: number,
  { messages }: ErasurePlan,
  table: TableName,
): Sql {
  return sql`
    DELETE FROM ${table("traffic_mails")}
    WHERE workspace_id = ${workspaceId} AND message_id IN (${valuesOf(db, messages)})`;
}

/** Has the visitors that others shared with the contact computed again, without its part. */
export async function recomputeShared(
  db: Db,
  workspaceId: number,
  { shared }: ErasurePlan,
  appendChanges: AppendChanges,
): Promise<BatchStatement[]> {
  if (shared.length === 0) return [];
  const rows = await db.all<{ seq: number }>(sql`
    SELECT MIN(e.seq) AS seq
    FROM visitors AS v JOIN visitor_events AS e
      ON e.workspace_id = v.workspace_id AND e.visitor = v.visitor
    WHERE v.workspace_id = ${workspaceId} AND v.anonymous_id IN (${valuesOf(db, shared)})
    GROUP BY e.visitor`);
  if (rows.length === 0) return [];
  return [
    appendChanges(
      "traffic",
      rows.map(({ seq }) => ({ workspaceId, seq })),
    ),
  ];
}
