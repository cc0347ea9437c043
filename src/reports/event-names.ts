import type { BatchStatement, Db, Sql } from "../db/db.ts";
import { jsonRows, sql } from "../db/sql.ts";
import type { TableName } from "../log/projection.ts";
import { STANDARD_EVENTS } from "../log/standard-events.ts";

/** What further names are counted as; no event is kept under it, for it is no snake_case. */
export const OTHER_EVENTS = "(other)";

/**
 * Names of its own that a workspace has in the sums, beside the standard and the declared ones. A client that makes
 * names up would fill them, and every page over them, without end.
 */
export const MOST_EVENT_NAMES = 2000;

const DAY_MS = 86_400_000;
/** A name that did not come for so long makes room for another. */
const ACTIVE_DAYS = 30;

/** An event name of a workspace, and the day on which it came last: milliseconds since the Unix epoch. */
export interface SeenName {
  readonly workspace_id: number;
  readonly name: string;
  readonly day: number;
}

/** What is known of names before they are admitted. */
export interface KnownNames {
  /** Those that have their place already, by `keyOf`. */
  readonly admitted: ReadonlySet<string>;
  /** How many have one, by workspace. */
  readonly counts: ReadonlyMap<number, number>;
}

/** Tells names of workspaces apart. */
export function keyOf({ workspace_id, name }: Pick<SeenName, "workspace_id" | "name">): string {
  return `${workspace_id} ${name}`;
}

/** Gives names a place of their own, in the order in which they came, as long as there is room. */
export function admitNames(
  seen: readonly SeenName[],
  { admitted, counts }: KnownNames,
): Set<string> {
  const all = new Set(admitted);
  const taken = new Map(counts);
  for (const one of seen) {
    const count = taken.get(one.workspace_id) ?? 0;
    if (all.has(keyOf(one)) || count >= MOST_EVENT_NAMES) continue;
    all.add(keyOf(one));
    taken.set(one.workspace_id, count + 1);
  }
  return all;
}

/** The names of events that are neither standard nor seen twice, in the order in which they came. */
export function listNames(events: readonly SeenName[]): SeenName[] {
  const names = new Map<string, SeenName>();
  for (const event of events) {
    if (STANDARD_EVENTS.has(event.name)) continue;
    const key = keyOf(event);
    const { workspace_id, name } = event;
    names.set(key, { workspace_id, name, day: Math.max(event.day, names.get(key)?.day ?? 0) });
  }
  return [...names.values()];
}

/** The table that remembers which names have a place. */
export function createNamesTable(table: TableName): Sql {
  return sql`
    CREATE TABLE ${table("event_names")} (
      workspace_id BIGINT NOT NULL,
      name         TEXT   NOT NULL,
      last_day     BIGINT NOT NULL,
      PRIMARY KEY (workspace_id, name)
    )`;
}

/** Reads which names have a place, or need none because they are declared; a point of a primary key for each. */
export async function readNames(
  db: Db,
  table: TableName,
  seen: readonly SeenName[],
): Promise<KnownNames & { readonly declared: ReadonlySet<string> }> {
  const json = JSON.stringify(seen);
  const since = activeSince(seen);
  const named = sql`
    n.workspace_id = CAST(r.value ->> 'workspace_id' AS BIGINT) AND n.name = r.value ->> 'name'`;
  const [active, declared] = await Promise.all([
    db.all<Pick<SeenName, "workspace_id" | "name">>(sql`
      SELECT n.workspace_id, n.name FROM ${jsonRows(db.engine, json)}
      JOIN ${table("event_names")} AS n ON ${named}
      WHERE n.last_day >= ${since}`),
    db.all<Pick<SeenName, "workspace_id" | "name">>(sql`
      SELECT n.workspace_id, n.name FROM ${jsonRows(db.engine, json)}
      JOIN planned_events AS n ON ${named}`),
  ]);
  const admitted = new Set([...active, ...declared].map(keyOf));
  const workspaces = new Set(
    seen.filter((one) => !admitted.has(keyOf(one))).map(({ workspace_id }) => workspace_id),
  );
  const counts = new Map<number, number>();
  for (const workspaceId of workspaces) {
    const row = await db.get<{ count: number }>(sql`
      SELECT COUNT(*) AS count FROM ${table("event_names")}
      WHERE workspace_id = ${workspaceId} AND last_day >= ${since}`);
    counts.set(workspaceId, row?.count ?? 0);
  }
  return { admitted, counts, declared: new Set(declared.map(keyOf)) };
}

/** Remembers names that have a place, and forgets those whose time is over. */
export function writeNames(
  engine: Db["engine"],
  table: TableName,
  names: readonly SeenName[],
): BatchStatement[] {
  if (names.length === 0) return [];
  const json = JSON.stringify(names);
  return [
    sql`
      INSERT INTO ${table("event_names")} AS n (workspace_id, name, last_day)
      SELECT CAST(r.value ->> 'workspace_id' AS BIGINT), r.value ->> 'name',
        CAST(r.value ->> 'day' AS BIGINT)
      FROM ${jsonRows(engine, json)}
      WHERE true
      ON CONFLICT (workspace_id, name) DO UPDATE SET
        last_day = CASE WHEN excluded.last_day > n.last_day
          THEN excluded.last_day ELSE n.last_day END`,
    sql`
      DELETE FROM ${table("event_names")}
      WHERE last_day < ${activeSince(names)} AND workspace_id IN (
        SELECT CAST(r.value ->> 'workspace_id' AS BIGINT) FROM ${jsonRows(engine, json)})`,
  ];
}

/** By the arrivals themselves, not by a clock: a rebuild gives the same. */
function activeSince(seen: readonly SeenName[]): number {
  return Math.max(...seen.map(({ day }) => day)) - ACTIVE_DAYS * DAY_MS;
}
