import type { BatchStatement, Db } from "../../db/db.ts";
import { identifier, join, jsonRows, type Sql, sql } from "../../db/sql.ts";
import type { Refs } from "../../lib/refs.ts";
import { NULLABLE_COLUMNS } from "../../log/event.ts";
import { parseEvent } from "../../log/events-store.ts";
import { type ErasurePlan, needlesOf } from "./plan.ts";
import { type FoundEvent, isOwn, redactEvent } from "./redact.ts";
import { dayOf, hashEventKey } from "./tombstone.ts";

/** Events looked at in one read: about 50 ms of a reader's time. */
const CHUNK = 10_000;

/** One step of the search through the log. */
export interface LogSweep {
  readonly own: readonly FoundEvent[];
  readonly redacted: number;
  readonly writes: readonly BatchStatement[];
  /** The log is searched up to here. */
  readonly doneSeq: number;
}

/** Where the log ends. */
export async function readLastSeq(db: Db): Promise<number> {
  const row = await db.get<{ last: number }>(sql`SELECT COALESCE(MAX(seq), 0) AS last FROM events`);
  return row?.last ?? 0;
}

/** Finds whatever concerns the contact in the next piece of the log. */
export async function findEvents(
  db: Db,
  workspaceId: number,
  plan: ErasurePlan,
  afterSeq: number,
): Promise<{ found: FoundEvent[]; doneSeq: number }> {
  const doneSeq = afterSeq + CHUNK;
  const rows = await db.all<Parameters<typeof parseEvent>[0] & { is_in_journey: number }>(sql`
    SELECT ${db.engine === "sqlite" ? sql`0 AS txid,` : sql``} e.*,
      ${inJourney(db, workspaceId, plan)} AS is_in_journey
    FROM events AS e
    WHERE e.seq > ${afterSeq} AND e.seq <= ${doneSeq} AND e.workspace_id = ${workspaceId}
      AND e.type <> 'erased' AND (
        ${join(conditions(db, workspaceId, plan, needlesOf(plan)), " OR ")})
    ORDER BY e.seq`);
  const found = rows.map((row) => ({ ...parseEvent(row), is_in_journey: row.is_in_journey }));
  return { found, doneSeq };
}

/**
 * Looks through the next piece of the log: the contact's own facts become tombstones, mentions in others'
 * are taken out. Nothing is written yet.
 */
export async function sweepLog(
  db: Db,
  refs: Refs,
  workspaceId: number,
  plan: ErasurePlan,
  afterSeq: number,
): Promise<LogSweep> {
  const { found, doneSeq } = await findEvents(db, workspaceId, plan, afterSeq);
  const needles = needlesOf(plan);
  const own = found.filter((event) => isOwn(event, plan));
  const others = found
    .filter((event) => !isOwn(event, plan))
    .flatMap((event) => redactEvent(event, plan, needles) ?? []);
  return {
    own,
    redacted: others.length,
    doneSeq,
    writes: [...own.flatMap((event) => buryEvent(db, refs, event)), ...others.map(rewriteEvent)],
  };
}

function conditions(
  db: Db,
  workspaceId: number,
  plan: ErasurePlan,
  needles: readonly string[],
): Sql[] {
  const among = (column: Sql, values: readonly string[]): Sql[] =>
    values.length === 0 ? [] : [sql`${column} IN (${valuesOf(db, values)})`];
  const text = sql`lower(
    e.name || ' ' || COALESCE(e.url, '') || ' ' || CAST(e.context AS TEXT) || ' '
    || CAST(e.properties AS TEXT))`;
  return [
    sql`${inJourney(db, workspaceId, plan)} = 1`,
    ...among(sql`e.recipient_contact`, plan.refs),
    // What was decided on the review page.
    ...among(sql`e.properties ->> 'into'`, plan.refs),
    ...among(sql`e.properties ->> 'from'`, plan.refs),
    ...among(sql`trim(e.user_id)`, plan.userIds),
    ...among(sql`lower(trim(e.email_claim))`, plan.emails),
    ...among(sql`e.anonymous_id`, plan.visitors),
    ...among(sql`e.message_id`, plan.messages),
    ...among(sql`e.click_id`, plan.clicks),
    ...(plan.userIds.length + plan.visitors.length === 0
      ? []
      : among(sql`e.properties ->> 'previous_id'`, [...plan.userIds, ...plan.visitors])),
    ...needles.map((needle) => sql`${text} LIKE ${`%${escapeLike(needle)}%`} ESCAPE '!'`),
  ];
}

/** Whether the event's place is in the journey of the contact: one look-up by the primary key. */
function inJourney(db: Db, workspaceId: number, { refs }: ErasurePlan): Sql {
  return sql`CASE WHEN EXISTS (
    SELECT 1 FROM journey AS j
    WHERE j.workspace_id = ${workspaceId} AND j.contact IN (
        SELECT c.contact FROM contact_refs AS c
        WHERE c.workspace_id = ${workspaceId} AND c.ref IN (${valuesOf(db, refs)}))
      AND j.occurred_at = e.occurred_at AND j.seq = e.seq
  ) THEN 1 ELSE 0 END`;
}

/** `!` escapes: a backslash would mean something else inside of PostgreSQL's own literals. */
export function escapeLike(text: string): string {
  return text.replace(/[!%_]/g, "!$&");
}

export function valuesOf(db: Db, values: readonly string[]): Sql {
  const json = JSON.stringify(values.map((v) => ({ v })));
  return sql`SELECT r.value ->> 'v' FROM ${jsonRows(db.engine, json)}`;
}

const EMPTY_COLUMNS = join(
  NULLABLE_COLUMNS.map((name) => sql`${identifier(name)} = NULL`),
  ", ",
);

/** Leaves of a fact its place in the log, and a hash of its key by which a replay is known. */
function buryEvent(db: Db, refs: Refs, event: FoundEvent): BatchStatement[] {
  const { workspace_id, source_id, event_id, seq } = event;
  const hash = hashEventKey(refs, event);
  const bury = sql`
    UPDATE events SET
      event_id = ${hash}, type = 'erased', name = 'erased', occurred_at = ${dayOf(event.received_at)},
      received_at = ${dayOf(event.received_at)}, context = '{}', properties = '{}', ${EMPTY_COLUMNS}
    WHERE seq = ${seq} AND workspace_id = ${workspace_id}`;
  if (db.engine === "sqlite") return [bury];
  return [
    bury,
    sql`
      DELETE FROM event_keys
      WHERE workspace_id = ${workspace_id} AND source_id = ${source_id} AND event_id = ${event_id}`,
    sql`
      INSERT INTO event_keys (workspace_id, source_id, event_id)
      VALUES (${workspace_id}, ${source_id}, ${hash}) ON CONFLICT DO NOTHING`,
  ];
}

function rewriteEvent(event: FoundEvent): Sql {
  return sql`
    UPDATE events SET
      name = ${event.name}, url = ${event.url}, email_claim = ${event.email_claim},
      anonymous_id = ${event.anonymous_id}, click_id = ${event.click_id},
      message_id = ${event.message_id}, context = ${JSON.stringify(event.context)},
      properties = ${JSON.stringify(event.properties)}
    WHERE seq = ${event.seq} AND workspace_id = ${event.workspace_id}`;
}

/** The share of the log that is searched, for people who wait. */
export function progressOf(doneSeq: number, lastSeq: number): number {
  return lastSeq === 0 ? 1 : Math.min(1, doneSeq / lastSeq);
}
