import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import { AppError, errorCode } from "../lib/errors.ts";
import { readChanges } from "./changes.ts";
import type { StoredEvent } from "./event.ts";
import { type LogCursor, readEvents } from "./events-store.ts";
import {
  ensureGenerations,
  type Generation,
  moveCursors,
  readGenerations,
  swapGenerations,
  tableOf,
} from "./generations.ts";
import { createLease } from "./lease.ts";
import type { Projection } from "./projection.ts";

/**
 * The writer's time that one slice aims at; imports queue behind it, answers never do (they wait for
 * the journal). With 5 ms a flood on one contact, 3,000 clicks, settled in 12.6 s; with 20 ms in 4.7 s: each
 * slice judges the whole neighbourhood again, so small ones pay for it more often.
 */
const SLICE_MS = 20;
const MOST_SLICE_MS = 100;
const REST_MS = 5;
/** While hits saturate the machine the projections, five, take a tenth of their time, and catch up after it. */
const BUSY_FACTOR = 50;
const MOST_REST_MS = 2000;
const LEAST_EVENTS = 50;
const MOST_EVENTS = 5000;
/** How long an idle follower waits when nothing wakes it: other nodes' imports don't. */
const POLL_MS = 200;
const RETRY_MS = 500;
/** A swap compares every row of two generations. */
const SWAP_TIMEOUT_MS = 600_000;

interface FollowDeps {
  readonly db: Db;
  /** Names this process in leases; no other process has it. */
  readonly owner: string;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  /** Whether hits keep the machine busy: then slices rest for fifty times as long as they took. */
  readonly isBusy?: () => boolean;
  /** Told of each failed slice; the same slice is tried again. */
  readonly onTrouble: (projection: string, error: unknown) => void;
}

/** Keeps projections in step with the log. */
export interface Follower {
  start(): Promise<void>;
  /** Something new is in the log: look now instead of at the next poll. */
  wake(): void;
  stop(): Promise<void>;
}

/**
 * Follows the log with every projection, each in its own loop.
 *
 * A slice is read, handled and committed together with the moved cursor, so a crash between slices repeats
 * nothing and skips nothing. A filling generation is advanced beside the live one and swapped in when it
 * has caught up.
 */
export function createFollower(projections: readonly Projection[], deps: FollowDeps): Follower {
  const wake = () => {
    for (const loop of loops) loop.wake();
  };
  const loops: Loop[] = projections.map((projection) => createLoop(projection, deps, wake));
  return {
    async start() {
      await prepareProjections(projections, deps.db);
      for (const loop of loops) loop.start();
    },
    wake,
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

interface Loop {
  start(): void;
  wake(): void;
  stop(): Promise<void>;
}

/** @param onAdvanced called after each slice: the stages behind this one may go on */
function createLoop(projection: Projection, deps: FollowDeps, onAdvanced: () => void): Loop {
  const { db, monotonicNow, onTrouble } = deps;
  const lease = createLease(db, `projection:${projection.name}`, deps.owner, deps.now);
  /** Generations of older versions whose tables this code cannot write to. */
  const frozen = new Set<number>();
  let sliceEvents = 100;
  let stopped = false;
  let running: Promise<void> | undefined;
  let woken = false;
  let wakeUp = () => {};

  async function run(): Promise<void> {
    while (!stopped) {
      woken = false;
      const startedAt = monotonicNow();
      if (await attempt()) {
        onAdvanced();
        await rest(monotonicNow() - startedAt);
      } else await idle(POLL_MS);
    }
    await lease.release().catch(() => {});
  }

  async function rest(tookMs: number): Promise<void> {
    const isBusy = deps.isBusy?.() ?? false;
    if (isBusy) await idle(Math.min(BUSY_FACTOR * tookMs, MOST_REST_MS), true);
    else await sleep(REST_MS);
  }

  async function attempt(): Promise<boolean> {
    try {
      return (await lease.hold()) && (await advanceAll());
    } catch (error) {
      // A lost race for the cursor is no trouble: the other node did the work, or an erasure asks for a new look.
      if (errorCode(error) === "stale_write") {
        lease.doubt();
        return false;
      }
      sliceEvents = LEAST_EVENTS;
      onTrouble(projection.name, error);
      await sleep(RETRY_MS);
      return false;
    }
  }

  async function advanceAll(): Promise<boolean> {
    let worked = false;
    const generations = await readGenerations(db, projection.name);
    for (const generation of generations) {
      const moved = await advanceIfPossible(generation);
      worked ||= moved;
      if (!moved && generation.state === "filling") await swap(generations, generation);
    }
    return worked;
  }

  /**
   * A generation of an older version may lack what this code writes to: then it stands still, and serves as it
   * is until the new one is filled.
   */
  async function advanceIfPossible(generation: Generation): Promise<boolean> {
    const isOld = generation.version !== projection.version;
    if (!isOld) return advance(generation);
    if (frozen.has(generation.generation)) return false;
    try {
      return await advance(generation);
    } catch (error) {
      if (error instanceof AppError) throw error;
      frozen.add(generation.generation);
      return false;
    }
  }

  /** Handles one slice; false when there is nothing new. */
  async function advance(generation: Generation): Promise<boolean> {
    const until = await predecessorCursor();
    const events = await readEvents(db, generation.log, sliceEvents, until);
    const stages = projection.after === undefined ? [] : [projection.after];
    const changes = await readChanges(db, stages, generation.changes, sliceEvents);
    if (events.length === 0 && changes.length === 0) return false;

    const table = tableOf(generation.generation);
    const readFrom = monotonicNow();
    const writes = await projection.handle(
      {
        events: withoutTombstones(events),
        changes,
        table,
        isFilling: generation.state === "filling",
      },
      db,
    );
    const lastEvent = events.at(-1) ?? generation.log;
    const lastChange = changes.at(-1);
    const changeCursor = lastChange
      ? { txid: lastChange.txid, changeSeq: lastChange.change_seq }
      : generation.changes;
    const move = moveCursors(projection, generation, lastEvent, changeCursor, lease.fence());
    const wroteFrom = monotonicNow();
    // The cursor first: a stale holder fails before it has written anything.
    await db.batch([move, ...writes]);
    adaptSlice(wroteFrom - readFrom, monotonicNow() - wroteFrom);
    return true;
  }

  /** Where the neighbours take long to read, larger slices read them less often. */
  function adaptSlice(readMs: number, writeMs: number): void {
    const aim = Math.min(MOST_SLICE_MS, Math.max(SLICE_MS, readMs / 4));
    const factor = writeMs > aim ? 0.5 : writeMs < aim / 2 ? 1.5 : 1;
    sliceEvents = Math.max(LEAST_EVENTS, Math.min(MOST_EVENTS, Math.round(sliceEvents * factor)));
  }

  async function predecessorCursor(): Promise<LogCursor | undefined> {
    if (projection.after === undefined) return undefined;
    const row = await db.get<LogCursor>(sql`
      SELECT cursor_txid AS txid, cursor_seq AS seq FROM projections
      WHERE name = ${projection.after} AND state = 'live'`);
    return row ?? { txid: 0, seq: 0 };
  }

  async function swap(generations: readonly Generation[], filled: Generation): Promise<void> {
    const live = generations.find(({ state }) => state === "live");
    if (!live) return;
    await db.batch(swapGenerations(projection, live, filled), { timeoutMs: SWAP_TIMEOUT_MS });
  }

  /** Ends early when there is news, unless told to sit it out, and when the loop is stopped. */
  async function idle(ms: number, sitOut = false): Promise<void> {
    if (stopped || (woken && !sitOut)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        if (sitOut && !stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    start() {
      running = run();
    },
    wake() {
      woken = true;
      wakeUp();
    },
    async stop() {
      stopped = true;
      wakeUp();
      await running;
    },
  };
}

/** A tombstone moves the cursor on, and tells nothing. */
function withoutTombstones(events: readonly StoredEvent[]): StoredEvent[] {
  return events.filter(({ type }) => type !== "erased");
}

/**
 * Makes the tables of every projection that lacks them; `start` does it too.
 *
 * @throws {AppError} `newer_schema` when a newer release filled one
 */
export async function prepareProjections(
  projections: readonly Projection[],
  db: Db,
): Promise<void> {
  for (const projection of projections) await prepareGenerations(db, projection);
}

/** Two nodes that start together create the same tables: the loser finds them made on its next try. */
async function prepareGenerations(db: Db, projection: Projection): Promise<void> {
  try {
    await ensureGenerations(db, projection);
  } catch (error) {
    if (errorCode(error) === "newer_schema" || db.engine === "sqlite") throw error;
    await sleep(RETRY_MS);
    await ensureGenerations(db, projection);
  }
}

/** How many events each live projection is behind; counted up to 10,000. */
export async function readLags(db: Db): Promise<{ name: string; lag: number }[]> {
  const rows = await db.all<{ name: string }>(
    sql`SELECT name FROM projections WHERE state = 'live' ORDER BY name`,
  );
  return Promise.all(rows.map(async ({ name }) => ({ name, lag: await countBehind(db, name) })));
}

async function countBehind(db: Db, name: string): Promise<number> {
  const behind =
    db.engine === "sqlite"
      ? sql`e.seq > p.cursor_seq`
      : sql`(e.txid, e.seq) > (p.cursor_txid, p.cursor_seq)`;
  const row = await db.get<{ lag: number }>(sql`
    SELECT COUNT(*) AS lag FROM (
      SELECT 1 FROM projections AS p JOIN events AS e ON ${behind}
      WHERE p.name = ${name} AND p.state = 'live' LIMIT 10000
    ) AS behind`);
  return row?.lag ?? 0;
}
