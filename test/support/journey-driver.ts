import { setTimeout as sleep } from "node:timers/promises";
import { createJourneyProjection } from "../../src/contacts/project.ts";
import type { Db, Engine } from "../../src/db/db.ts";
import { jsonRows, sql } from "../../src/db/sql.ts";
import { createRefs, type Refs } from "../../src/lib/refs.ts";
import { createAppendChanges } from "../../src/log/changes.ts";
import type { EventRow, StoredEvent } from "../../src/log/event.ts";
import { createPartitions } from "../../src/log/event-partitions.ts";
import { insertEvents, type LogCursor, readEvents } from "../../src/log/events-store.ts";
import { ensureGenerations, tableOf } from "../../src/log/generations.ts";
import type { Change } from "../../src/log/projection.ts";
import { createTransactionsProjection } from "../../src/reports/project-transactions.ts";
import { createTestDatabase } from "./database.ts";

/** What the traffic stage would say of an event. */
export type TestVerdict = "human" | "machine" | "prefetch";

/** The projection `journey` on a database of its own, fed by hand: no loop, no sleep. */
export interface JourneyDriver {
  readonly db: Db;
  refsOf(workspaceId: number): Refs;
  /** What journeys are joined with: the projection `transactions`, and empty tables in the place of `campaigns`. */
  createReportTables(): Promise<void>;
  /** Has the ledger say that the contacts of these refs were erased. */
  erase(workspaceId: number, refs: readonly string[]): void;
  /** Appends facts, judges them and lets the projection read them in slices of `slice` events. */
  feed(
    facts: readonly EventRow[],
    options?: { slice?: number; verdictOf?: (fact: EventRow) => TestVerdict | null },
  ): Promise<void>;
  /** The same round by round: the projection reads each as one slice. */
  feedRounds(
    rounds: readonly (readonly EventRow[])[],
    verdictOf: (fact: EventRow) => TestVerdict | null,
  ): Promise<void>;
  /** Changes verdicts of stored events, as a later arrival would, and lets the projection know. */
  rejudge(workspaceId: number, verdicts: ReadonlyMap<string, TestVerdict>): Promise<void>;
  /** Computes everything again from an empty generation, in slices of `slice` events. */
  rebuild(slice: number): Promise<void>;
  dispose(): Promise<void>;
}

/** Opens a driver, with another limit of events a visitor if given; dispose of it. */
export async function createJourneyDriver(
  engine: Engine,
  crowdEvents?: number,
): Promise<JourneyDriver> {
  const { db, dispose } = await createTestDatabase(engine);
  const erased = new Set<string>();
  const refs = createRefs(Buffer.alloc(32, 7));
  const projection = createJourneyProjection({
    engine,
    refsOf: () => refs,
    appendChanges: createAppendChanges(engine),
    erasedRefs: async (workspaceId, given) =>
      new Set(given.filter((ref) => erased.has(`${workspaceId} ${ref}`))),
    ...(crowdEvents === undefined ? {} : { crowdEvents }),
  });
  await ensureGenerations(db, projection);
  await db.run(sql`
    CREATE TABLE verdicts (
      workspace_id BIGINT NOT NULL, seq BIGINT NOT NULL, verdict TEXT, certainty TEXT,
      score INTEGER, reasons TEXT, rules_version INTEGER, PRIMARY KEY (workspace_id, seq))`);
  let cursor: LogCursor = { txid: 0, seq: 0 };
  const table = tableOf(1);

  async function handle(events: readonly StoredEvent[], changes: readonly Change[] = []) {
    const writes = await projection.handle({ events, changes, table }, db);
    await db.batch(writes);
  }

  async function append(
    facts: readonly EventRow[],
    verdictOf: (fact: EventRow) => TestVerdict | null,
  ): Promise<void> {
    if (engine === "postgres") await createPartitions(db, JSON.stringify(facts));
    await db.batch([insertEvents(engine, JSON.stringify(facts))]);
    for (const [verdict, judged] of groupVerdicts(facts, verdictOf)) {
      await db.run(insertVerdicts(engine, judged, verdict));
    }
  }

  async function follow(count: number, slice: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const events = await readEvents(db, cursor, Math.min(slice, left));
      const last = events.at(-1);
      // PostgreSQL shows a row only when older transactions of other tests have ended.
      if (!last) await sleep(2);
      else {
        await handle(events);
        cursor = last;
        left -= events.length;
      }
    }
  }

  return {
    db,
    refsOf: () => refs,
    async createReportTables() {
      await db.run(sql`
        CREATE TABLE campaigns (workspace_id BIGINT, campaign_id TEXT, name TEXT)`);
      await db.run(sql`
        CREATE TABLE links (
          workspace_id BIGINT, campaign_id TEXT, link_id TEXT, idx INTEGER, name TEXT, text TEXT,
          url TEXT)`);
      await ensureGenerations(db, createTransactionsProjection(engine));
    },
    erase(workspaceId, given) {
      for (const ref of given) erased.add(`${workspaceId} ${ref}`);
    },
    async feed(facts, { slice = 1000, verdictOf = () => null } = {}) {
      if (facts.length === 0) return;
      await append(facts, verdictOf);
      await follow(facts.length, slice);
    },
    async feedRounds(rounds, verdictOf) {
      for (const round of rounds) {
        await append(round, verdictOf);
        await follow(round.length, round.length);
      }
    },
    async rejudge(workspaceId, verdicts) {
      const changes: Change[] = [];
      for (const [eventId, verdict] of verdicts) {
        const row = await db.get<{ seq: number }>(sql`
          SELECT seq FROM events WHERE workspace_id = ${workspaceId} AND event_id = ${eventId}`);
        if (!row) throw new Error(`No event ${eventId}`);
        await db.run(sql`
          UPDATE verdicts SET verdict = ${verdict}
          WHERE workspace_id = ${workspaceId} AND seq = ${row.seq}`);
        changes.push({
          change_seq: 0,
          workspace_id: workspaceId,
          stage: "traffic",
          seq: row.seq,
        });
      }
      await handle([], changes);
    },
    async rebuild(slice) {
      for (const name of projection.tables) await db.run(sql`DELETE FROM ${table(name)}`);
      const count = await db.get<{ n: number }>(sql`SELECT COUNT(*) AS n FROM events`);
      cursor = { txid: 0, seq: 0 };
      await follow(count?.n ?? 0, slice);
    },
    dispose,
  };
}

/** Facts by verdict; those without one are left out. */
function groupVerdicts(
  facts: readonly EventRow[],
  verdictOf: (fact: EventRow) => TestVerdict | null,
): Map<TestVerdict, EventRow[]> {
  const groups = new Map<TestVerdict, EventRow[]>();
  for (const fact of facts) {
    const verdict = verdictOf(fact);
    if (verdict === null) continue;
    const group = groups.get(verdict) ?? [];
    groups.set(verdict, group);
    group.push(fact);
  }
  return groups;
}

function insertVerdicts(engine: Engine, facts: readonly EventRow[], verdict: TestVerdict) {
  return sql`
    INSERT INTO verdicts (workspace_id, seq, verdict, certainty, score, reasons, rules_version)
    SELECT e.workspace_id, e.seq, ${verdict}, 'high', 0, '[]', 1
    FROM ${jsonRows(engine, JSON.stringify(facts))}
    CROSS JOIN events AS e
    WHERE e.workspace_id = CAST(r.value ->> 'workspace_id' AS BIGINT)
      AND e.source_id = r.value ->> 'source_id' AND e.event_id = r.value ->> 'event_id'`;
}
