import type { BatchStatement, Db, Engine, Sql } from "../db/db.ts";
import { jsonRows, sql } from "../db/sql.ts";
import type { StoredEvent } from "../log/event.ts";
import type { Projection, TableName } from "../log/projection.ts";
import { STANDARD_EVENTS } from "../log/standard-events.ts";
import {
  admitNames,
  createNamesTable,
  keyOf,
  listNames,
  OTHER_EVENTS,
  readNames,
  writeNames,
} from "./event-names.ts";

const DAY_MS = 86_400_000;

/**
 * The projection that sums the quality of events up: by the day of their arrival, their name and the key they came
 * with; and how many failed each check, with the last of them as an example. Names beyond `MOST_EVENT_NAMES` are
 * summed up as one.
 */
export function createQualityProjection(engine: Engine): Projection {
  return {
    name: "quality",
    version: 2,
    tables: ["quality_days", "quality_failures", "event_names"],
    create: createTables,
    async handle({ events, table }, db) {
      const arrived = events.filter(({ quality }) => quality !== null);
      if (arrived.length === 0) return [];
      const { scored, names } = await foldNames(arrived, db, table);
      const failures = sumFailures(scored);
      return [
        ...writeNames(engine, table, names),
        writeDays(engine, table, sumDays(scored)),
        ...(failures.length > 0 ? [writeFailures(engine, table, failures)] : []),
      ];
    },
  };
}

/** Gives names without a place the one that they share; also says which names have to be remembered. */
async function foldNames(arrived: readonly StoredEvent[], db: Db, table: TableName) {
  const seen = listNames(arrived.map(placeOf));
  if (seen.length === 0) return { scored: arrived, names: [] };
  const known = await readNames(db, table, seen);
  const admitted = admitNames(seen, known);
  return {
    scored: arrived.map((event) =>
      STANDARD_EVENTS.has(event.name) || admitted.has(keyOf(event))
        ? event
        : { ...event, name: OTHER_EVENTS },
    ),
    names: seen.filter((one) => admitted.has(keyOf(one)) && !known.declared.has(keyOf(one))),
  };
}

function createTables(table: TableName): readonly Sql[] {
  return [
    sql`
      CREATE TABLE ${table("quality_days")} (
        workspace_id BIGINT NOT NULL,
        day          BIGINT NOT NULL,
        name         TEXT   NOT NULL,
        source_id    TEXT   NOT NULL,
        events       BIGINT NOT NULL,
        score_sum    BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, day, name, source_id)
      )`,
    sql`
      CREATE TABLE ${table("quality_failures")} (
        workspace_id BIGINT NOT NULL,
        day          BIGINT NOT NULL,
        name         TEXT   NOT NULL,
        source_id    TEXT   NOT NULL,
        check_id     TEXT   NOT NULL,
        events       BIGINT NOT NULL,
        example_seq  BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, day, name, source_id, check_id)
      )`,
    createNamesTable(table),
  ];
}

interface Place {
  readonly workspace_id: number;
  readonly day: number;
  readonly name: string;
  readonly source_id: string;
}

type DayRow = Place & { readonly events: number; readonly score_sum: number };
type FailureRow = Place & {
  readonly check_id: string;
  readonly events: number;
  readonly example_seq: number;
};

function placeOf({ workspace_id, received_at, name, source_id }: StoredEvent): Place {
  const day = Math.floor(received_at / DAY_MS) * DAY_MS;
  return { workspace_id, day, name, source_id };
}

function sumDays(events: readonly StoredEvent[]): DayRow[] {
  const rows = new Map<string, DayRow>();
  for (const event of events) {
    const place = placeOf(event);
    const key = JSON.stringify(place);
    const { events: count, score_sum } = rows.get(key) ?? { events: 0, score_sum: 0 };
    const score = event.quality ?? 0;
    rows.set(key, { ...place, events: count + 1, score_sum: score_sum + score });
  }
  return [...rows.values()];
}

function sumFailures(events: readonly StoredEvent[]): FailureRow[] {
  const rows = new Map<string, FailureRow>();
  for (const event of events) {
    const place = placeOf(event);
    for (const check_id of (event.quality_failed ?? "").split(",").filter(Boolean)) {
      const key = JSON.stringify([place, check_id]);
      const count = (rows.get(key)?.events ?? 0) + 1;
      rows.set(key, { ...place, check_id, events: count, example_seq: event.seq });
    }
  }
  return [...rows.values()];
}

function writeDays(engine: Engine, table: TableName, rows: readonly DayRow[]): BatchStatement {
  return sql`
    INSERT INTO ${table("quality_days")} AS q
      (workspace_id, day, name, source_id, events, score_sum)
    SELECT
      CAST(r.value ->> 'workspace_id' AS BIGINT), CAST(r.value ->> 'day' AS BIGINT),
      r.value ->> 'name', r.value ->> 'source_id',
      CAST(r.value ->> 'events' AS BIGINT), CAST(r.value ->> 'score_sum' AS BIGINT)
    FROM ${jsonRows(engine, JSON.stringify(rows))}
    WHERE true
    ON CONFLICT (workspace_id, day, name, source_id) DO UPDATE SET
      events = q.events + excluded.events,
      score_sum = q.score_sum + excluded.score_sum`;
}

function writeFailures(
  engine: Engine,
  table: TableName,
  rows: readonly FailureRow[],
): BatchStatement {
  return sql`
    INSERT INTO ${table("quality_failures")} AS q
      (workspace_id, day, name, source_id, check_id, events, example_seq)
    SELECT
      CAST(r.value ->> 'workspace_id' AS BIGINT), CAST(r.value ->> 'day' AS BIGINT),
      r.value ->> 'name', r.value ->> 'source_id', r.value ->> 'check_id',
      CAST(r.value ->> 'events' AS BIGINT), CAST(r.value ->> 'example_seq' AS BIGINT)
    FROM ${jsonRows(engine, JSON.stringify(rows))}
    WHERE true
    ON CONFLICT (workspace_id, day, name, source_id, check_id) DO UPDATE SET
      events = q.events + excluded.events,
      example_seq = excluded.example_seq`;
}
