import type { Db } from "../../db/db.ts";
import { join, type Sql, sql } from "../../db/sql.ts";
import { cleanEmail, cleanUserId } from "../../lib/junk-ids.ts";
import type { Refs } from "../../lib/refs.ts";
import type { Retention } from "../../lib/retention.ts";
import {
  blankTraffic,
  countTraffic,
  dropEvents,
  findLinkFacts,
  type OldEvent,
  olderThan,
  RETENTION_CHUNK,
  readOldEvents,
  thinEvents,
} from "./store-retention.ts";
import { readLastSeq } from "./sweep-log.ts";
import { factTables, tablesOf } from "./sweep-projections.ts";

interface RetentionDeps {
  readonly db: Db;
  readonly refsOf: (workspaceId: number) => Refs;
  readonly retention: Retention;
  readonly now: () => number;
}

/** What a run deleted, or would delete, by kind of row. */
export interface RetentionReport {
  /** Events by type. */
  readonly events: Readonly<Record<string, number>>;
  /** Facts that name contacts: they stay, without address, user agent and page. */
  readonly thinned: number;
  /** Rows of the traffic stage that lost address or device. */
  readonly traffic: number;
  readonly failed_events: number;
  readonly audit: number;
}

const DAY_MS = 86_400_000;
/** Refused events can be replayed for so long. */
const FAILED_MS = 30 * DAY_MS;
/** Judging looks back a day; what comes later than this is judged without its neighbours' addresses. */
const TRAFFIC_MS = 30 * DAY_MS;
/** Who changed what is asked for after a year. */
const LEAST_AUDIT_MS = 365 * DAY_MS;

/** Facts of these types stay whatever their age: they say who a contact is. */
const NAMING = new Set(["identify", "alias"]);

/**
 * Deletes what has been kept for long enough, in small steps, or only counts it.
 *
 * Links, contacts, how their names belong together and the ledger of erasures stay. So do the counts of what is
 * deleted, by day, campaign, kind and verdict (`retained_counts`).
 */
export async function applyRetention(
  deps: RetentionDeps,
  { dryRun }: { readonly dryRun: boolean },
): Promise<RetentionReport> {
  const { db, retention, now } = deps;
  const { defaultMs } = retention;
  const { events, thinned } = await retainEvents(deps, dryRun);
  if (defaultMs === undefined) return { events, thinned, traffic: 0, failed_events: 0, audit: 0 };
  const at = now();
  return {
    events,
    thinned,
    traffic: await retainTraffic(db, at - Math.min(defaultMs, TRAFFIC_MS), dryRun),
    failed_events: await retainRows(
      db,
      olderThan("failed_events", at - Math.min(defaultMs, FAILED_MS)),
      dryRun,
    ),
    audit: await retainRows(
      db,
      olderThan("audit", at - Math.max(defaultMs, LEAST_AUDIT_MS)),
      dryRun,
    ),
  };
}

async function retainEvents(
  { db, refsOf, retention, now }: RetentionDeps,
  dryRun: boolean,
): Promise<Pick<RetentionReport, "events" | "thinned">> {
  const before = limitsOf(retention, now());
  const events: Record<string, number> = {};
  let thinned = 0;
  if (!before) return { events, thinned };
  const last = await readLastSeq(db);
  for (let after = 0; after < last; after += RETENTION_CHUNK) {
    const old = await readOldEvents(db, after, before);
    const linking = await findLinking(db, refsOf, old);
    const gone = old.filter((event) => !NAMING.has(event.type) && !linking.has(event.seq));
    const kept = old.filter((event) => !gone.includes(event) && event.is_whole === 1);
    for (const { type } of gone) events[type] = (events[type] ?? 0) + 1;
    thinned += kept.length;
    if (dryRun || gone.length + kept.length === 0) continue;
    await db.batch([
      ...dropEvents(db, gone, await factTables(db)),
      ...thinEvents(
        db,
        kept.map(({ seq }) => seq),
      ),
    ]);
  }
  return { events, thinned };
}

/** The condition under which an event is old; undefined where everything is kept. */
function limitsOf(
  { defaultMs, byType }: Retention,
  now: number,
): ((type: Sql, receivedAt: Sql) => Sql) | undefined {
  if (defaultMs === undefined && byType.size === 0) return undefined;
  const names = [...byType.keys()];
  return (type, receivedAt) => {
    const single = [...byType].flatMap(([name, ms]) =>
      // 0 keeps this type for ever.
      ms === 0 ? [] : [sql`(${type} = ${name} AND ${receivedAt} < ${now - ms})`],
    );
    const others = names.length === 0 ? sql`` : sql`${type} NOT IN (${join(names)}) AND`;
    const rest =
      defaultMs === undefined ? [] : [sql`(${others} ${receivedAt} < ${now - defaultMs})`];
    return sql`(${join([...single, ...rest, sql`1 = 0`], " OR ")})`;
  };
}

/** Of the events those by which a contact's names are linked: computed again, it must be the same contact. */
async function findLinking(
  db: Db,
  refsOf: (workspaceId: number) => Refs,
  events: readonly OldEvent[],
): Promise<Set<number>> {
  const linking = new Set<number>();
  for (const workspaceId of new Set(events.map(({ workspace_id }) => workspace_id))) {
    const own = events.filter(({ workspace_id }) => workspace_id === workspaceId);
    const refs = refsOf(workspaceId);
    const facts = await findLinkFacts(db, workspaceId, [
      ...new Set(own.flatMap((event) => refsIn(event, refs))),
    ]);
    for (const { seq, event_id, source_id } of own) {
      if (facts.has(`${event_id} ${source_id}`)) linking.add(seq);
    }
  }
  return linking;
}

function refsIn({ user_id, email_claim, recipient_contact }: OldEvent, refs: Refs): string[] {
  const userId = cleanUserId(user_id);
  const email = cleanEmail(email_claim);
  return [
    recipient_contact,
    userId === null ? null : refs.contact({ id: userId }),
    email === null ? null : refs.contact({ email }),
  ].flatMap((ref) => ref ?? []);
}

async function retainTraffic(db: Db, before: number, dryRun: boolean): Promise<number> {
  const rows = await countTraffic(db, before);
  if (dryRun || rows === 0) return rows;
  for (const table of await tablesOf(db, "traffic")) await db.batch(blankTraffic(before, table));
  return rows;
}

async function retainRows(db: Db, rows: Sql, dryRun: boolean): Promise<number> {
  if (!dryRun) return db.run(sql`DELETE ${rows}`);
  const found = await db.get<{ rows: number }>(sql`SELECT COUNT(*) AS rows ${rows}`);
  return found?.rows ?? 0;
}
