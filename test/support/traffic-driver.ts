import { setTimeout as sleep } from "node:timers/promises";
import type { Db, Engine } from "../../src/db/db.ts";
import { type Sql, sql } from "../../src/db/sql.ts";
import { createAppendChanges } from "../../src/log/changes.ts";
import type { EventRow } from "../../src/log/event.ts";
import { createPartitions } from "../../src/log/event-partitions.ts";
import { insertEvents, type LogCursor, readEvents } from "../../src/log/events-store.ts";
import { ensureGenerations, tableOf } from "../../src/log/generations.ts";
import type { Verdict } from "../../src/traffic/define.ts";
import { createTrafficProjection } from "../../src/traffic/project.ts";
import { loadSignals } from "../../src/traffic/signals.ts";
import { createTestDatabase } from "./database.ts";

/** The projection `traffic` on a database of its own, fed by hand: no loop, no lease. */
export interface TrafficDriver {
  readonly db: Db;
  /** Appends facts and lets the projection read them in slices of `slice` events. */
  feed(facts: readonly EventRow[], slice?: number): Promise<void>;
  /** Appends facts round by round; the projection reads each round as one slice. */
  feedRounds(rounds: readonly (readonly EventRow[])[]): Promise<void>;
  /** Computes everything again from empty tables, in slices of `slice` events. */
  rebuild(slice: number): Promise<void>;
  /** The verdicts of a workspace by event id. */
  verdicts(workspaceId: number): Promise<Map<string, Verdict>>;
  /** Those of all workspaces, by their number: asked for one by one they take longer than judging. */
  allVerdicts(): Promise<Map<number, Map<string, Verdict>>>;
  /** Event ids of a workspace in the changes feed, in order. */
  changes(workspaceId: number): Promise<string[]>;
  dispose(): Promise<void>;
}

interface StoredVerdict extends Omit<Verdict, "reasons"> {
  readonly workspace_id: number;
  readonly event_id: string;
  readonly reasons: string;
}

/** Opens a driver; dispose of it. */
export async function createTrafficDriver(engine: Engine): Promise<TrafficDriver> {
  const { db, dispose } = await createTestDatabase(engine);
  const projection = createTrafficProjection({
    signals: await loadSignals(),
    appendChanges: createAppendChanges(engine),
  });
  await ensureGenerations(db, projection);
  const table = tableOf(1);
  let cursor: LogCursor = { txid: 0, seq: 0 };

  async function follow(count: number, slice: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const events = await readEvents(db, cursor, Math.min(slice, left));
      const last = events.at(-1);
      // PostgreSQL shows a row only when older transactions of other tests have ended.
      if (!last) await sleep(2);
      else {
        await db.batch(await projection.handle({ events, changes: [], table }, db));
        cursor = last;
        left -= events.length;
      }
    }
  }

  async function readVerdicts(condition: Sql): Promise<Map<number, Map<string, Verdict>>> {
    const rows = await db.all<StoredVerdict>(sql`
      SELECT v.workspace_id, e.event_id, v.verdict, v.certainty, v.score, v.reasons,
        v.rules_version AS "rulesVersion"
      FROM verdicts AS v JOIN events AS e ON e.seq = v.seq AND e.workspace_id = v.workspace_id
      WHERE ${condition}`);
    const found = new Map<number, Map<string, Verdict>>();
    for (const { workspace_id, event_id, reasons, ...verdict } of rows) {
      const own = found.get(workspace_id) ?? new Map<string, Verdict>();
      found.set(workspace_id, own.set(event_id, { ...verdict, reasons: JSON.parse(reasons) }));
    }
    return found;
  }

  return {
    db,
    async feed(facts, slice = 1000) {
      if (facts.length === 0) return;
      if (engine === "postgres") await createPartitions(db, JSON.stringify(facts));
      // One statement a fact: its place in the log is then the place in the list on both engines.
      await db.batch(facts.map((fact) => insertEvents(engine, JSON.stringify([fact]))));
      await follow(facts.length, slice);
    },
    async feedRounds(rounds) {
      if (engine === "postgres") await createPartitions(db, JSON.stringify(rounds.flat()));
      for (const round of rounds) {
        await db.batch([insertEvents(engine, JSON.stringify(round))]);
        await follow(round.length, round.length);
      }
    },
    async rebuild(slice) {
      for (const name of projection.tables) await db.run(sql`DELETE FROM ${table(name)}`);
      const count = await db.get<{ n: number }>(sql`SELECT COUNT(*) AS n FROM events`);
      cursor = { txid: 0, seq: 0 };
      await follow(count?.n ?? 0, slice);
    },
    verdicts: async (workspaceId) =>
      (await readVerdicts(sql`v.workspace_id = ${workspaceId}`)).get(workspaceId) ?? new Map(),
    allVerdicts: () => readVerdicts(sql`TRUE`),
    async changes(workspaceId) {
      const rows = await db.all<{ event_id: string }>(sql`
        SELECT e.event_id FROM changes AS c
        JOIN events AS e ON e.seq = c.seq AND e.workspace_id = c.workspace_id
        WHERE c.workspace_id = ${workspaceId} AND c.stage = 'traffic' ORDER BY c.change_seq`);
      return rows.map(({ event_id }) => event_id);
    },
    dispose,
  };
}
