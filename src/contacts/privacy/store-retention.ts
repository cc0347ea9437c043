import type { BatchStatement, Db } from "../../db/db.ts";
import { jsonRows, type Sql, sql } from "../../db/sql.ts";
import type { TableName } from "../../log/projection.ts";
import { dayOf } from "./tombstone.ts";

/** An event that has been kept for long enough. */
export interface OldEvent {
  readonly seq: number;
  readonly workspace_id: number;
  readonly source_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly name: string;
  readonly campaign_id: string | null;
  readonly occurred_at: number;
  readonly received_at: number;
  readonly user_id: string | null;
  readonly email_claim: string | null;
  readonly recipient_contact: string | null;
  readonly verdict: string | null;
  /** 1 where it still says where it came from. */
  readonly is_whole: number;
}

/** Events looked at in one read. */
export const RETENTION_CHUNK = 5000;

/** Old events in the next piece of the log, by when they were received. `before` is a moment by type. */
export function readOldEvents(
  db: Db,
  after: number,
  before: (type: Sql, receivedAt: Sql) => Sql,
): Promise<OldEvent[]> {
  return db.all<OldEvent>(sql`
    SELECT e.seq, e.workspace_id, e.source_id, e.event_id, e.type, e.name, e.campaign_id,
      e.occurred_at, e.received_at, e.user_id, e.email_claim, e.recipient_contact, w.verdict,
      CASE WHEN e.url IS NOT NULL OR CAST(e.context AS TEXT) <> '{}' THEN 1 ELSE 0 END AS is_whole
    FROM events AS e
    LEFT JOIN verdicts AS w ON w.workspace_id = e.workspace_id AND w.seq = e.seq
    WHERE e.seq > ${after} AND e.seq <= ${after + RETENTION_CHUNK}
      AND e.type NOT IN ('rewrite', 'erased') AND ${before(sql`e.type`, sql`e.received_at`)}
    ORDER BY e.seq`);
}

/** Which facts, named `event_id source_id`, are the ones that link contacts' names. */
export async function findLinkFacts(
  db: Db,
  workspaceId: number,
  refs: readonly string[],
): Promise<Set<string>> {
  if (refs.length === 0) return new Set();
  const rows = jsonRows(db.engine, JSON.stringify(refs.map((ref) => ({ ref }))));
  const named = (column: Sql): Sql => sql`
    SELECT 1 FROM link_facts AS n
    WHERE n.workspace_id = ${workspaceId} AND ${column} = f.user_ref AND n.kind = 'named'`;
  // A click names a contact by its token alone: only where nothing else does it is worth keeping.
  const by = (column: Sql): Sql => sql`
    SELECT f.fact_id FROM ${rows} CROSS JOIN link_facts AS f
    WHERE f.workspace_id = ${workspaceId} AND ${column} = r.value ->> 'ref' AND (
      f.kind <> 'known' OR NOT (
        EXISTS (${named(sql`n.user_ref`)}) OR EXISTS (${named(sql`n.email_ref <> '' AND n.email_ref`)})))`;
  const found = await db.all<{ fact_id: string }>(sql`
    ${by(sql`f.user_ref`)} UNION ALL ${by(sql`f.email_ref <> '' AND f.email_ref`)}`);
  return new Set(found.map(({ fact_id }) => fact_id));
}

/** The writes that delete events, with what was made of each, and count them into the snapshot. */
export function dropEvents(
  db: Db,
  events: readonly OldEvent[],
  factTables: readonly Sql[],
): BatchStatement[] {
  if (events.length === 0) return [];
  const rows = jsonRows(
    db.engine,
    JSON.stringify(
      events.map(({ seq, workspace_id: w, source_id: s, event_id: e }) => ({ seq, w, s, e })),
    ),
  );
  const seqs = sql`SELECT CAST(r.value ->> 'seq' AS BIGINT) FROM ${rows}`;
  const keyed = sql`
    SELECT CAST(r.value ->> 'w' AS BIGINT), CAST(r.value ->> 'seq' AS BIGINT) FROM ${rows}`;
  return [
    countRetained(db, events),
    ...factTables.map((table) => sql`DELETE FROM ${table} WHERE (workspace_id, seq) IN (${keyed})`),
    // Two nodes at once must not count the same events twice.
    { statement: sql`DELETE FROM events WHERE seq IN (${seqs})`, changes: events.length },
    ...(db.engine === "sqlite"
      ? []
      : [
          sql`
            DELETE FROM event_keys WHERE (workspace_id, source_id, event_id) IN (
              SELECT CAST(r.value ->> 'w' AS BIGINT), r.value ->> 's', r.value ->> 'e' FROM ${rows})`,
        ]),
  ];
}

function countRetained(db: Db, events: readonly OldEvent[]): Sql {
  const counts = new Map<string, { n: number; event: OldEvent }>();
  for (const event of events) {
    const { workspace_id, campaign_id, type, name, verdict, occurred_at } = event;
    const key = JSON.stringify([
      workspace_id,
      dayOf(occurred_at),
      campaign_id,
      type,
      name,
      verdict,
    ]);
    counts.set(key, { n: (counts.get(key)?.n ?? 0) + 1, event });
  }
  const json = JSON.stringify(
    [...counts.values()].map(({ n, event }) => ({
      w: event.workspace_id,
      day: dayOf(event.occurred_at),
      campaign: event.campaign_id ?? "",
      type: event.type,
      name: event.name,
      verdict: event.verdict ?? "",
      n,
    })),
  );
  return sql`
    INSERT INTO retained_counts AS c (
      workspace_id, day, campaign_id, type, name, verdict, events)
    SELECT CAST(r.value ->> 'w' AS BIGINT), CAST(r.value ->> 'day' AS BIGINT),
      r.value ->> 'campaign', r.value ->> 'type', r.value ->> 'name', r.value ->> 'verdict',
      CAST(r.value ->> 'n' AS BIGINT)
    FROM ${jsonRows(db.engine, json)}
    WHERE TRUE
    ON CONFLICT (workspace_id, day, campaign_id, type, name, verdict)
    DO UPDATE SET events = c.events + excluded.events`;
}

/** The write that leaves of facts only who they name: no address, user agent or page. */
export function thinEvents(db: Db, seqs: readonly number[]): Sql[] {
  if (seqs.length === 0) return [];
  const rows = jsonRows(db.engine, JSON.stringify(seqs.map((seq) => ({ seq }))));
  return [
    sql`
      UPDATE events SET context = '{}', url = NULL
      WHERE seq IN (SELECT CAST(r.value ->> 'seq' AS BIGINT) FROM ${rows})`,
  ];
}

/** The writes that take addresses and devices out of what the traffic stage remembers, and their counts. */
export function blankTraffic(before: number, table: TableName): Sql[] {
  return [
    sql`
      UPDATE ${table("traffic_hits")} SET address = NULL
      WHERE address IS NOT NULL AND occurred_at < ${before}`,
    sql`
      UPDATE ${table("traffic_visits")} SET device = NULL
      WHERE device IS NOT NULL AND occurred_at < ${before}`,
  ];
}

/** How many rows of the traffic stage still hold an address or a device from before. */
export async function countTraffic(db: Db, before: number): Promise<number> {
  const row = await db.get<{ rows: number }>(sql`
    SELECT (SELECT COUNT(*) FROM traffic_hits WHERE address IS NOT NULL AND occurred_at < ${before})
      + (SELECT COUNT(*) FROM traffic_visits WHERE device IS NOT NULL AND occurred_at < ${before})
      AS rows`);
  return row?.rows ?? 0;
}

/** Rows of a plain table that are older; the column is that of their time. */
export function olderThan(table: "failed_events" | "audit", before: number): Sql {
  return table === "audit"
    ? sql`FROM audit WHERE at < ${before}`
    : sql`FROM failed_events WHERE received_at < ${before}`;
}
