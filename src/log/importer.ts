import { setTimeout as sleep } from "node:timers/promises";
import type { BatchStatement, Db } from "../db/db.ts";
import { AppError } from "../lib/errors.ts";
import { createBurstHold } from "./burst-hold.ts";
import { createPartitions } from "./event-partitions.ts";
import { insertFailedEvents } from "./failed-events.ts";
import { createImportWaiters } from "./import-waiters.ts";
import { insertFacts, insertOneByOne } from "./insert-facts.ts";
import type { Journal } from "./journal.ts";
import type { SegmentInfo } from "./journal-files.ts";
import { createJournalOffsets } from "./journal-offsets.ts";
import { readPiece, type Slice } from "./segment-pieces.ts";

/** Pause between imports on SQLite. PostgreSQL has none: there the answer waits for the import. */
const GATHER_MS = 50;
/** How long the import leaves the machine to the hits of a burst; most bursts are over by then. */
const HOLD_MS = 2000;
/** Pauses before a database that is away is tried again. */
const RETRY_MS = [50, 100, 250, 500, 1000] as const;

interface ImporterDeps {
  readonly journal: Journal;
  readonly db: Db;
  /** Names this node's segments in `journal_offsets`. */
  readonly nodeId: string;
  readonly createId: () => string;
  readonly now: () => number;
  /** Makes facts of the requests in a slice (a JSON array) that a door kept as they came. */
  readonly readRequests?: (json: Buffer) => Promise<Buffer>;
  /** Takes facts out of a slice (a JSON array) that must not be stored; all of it stays unless given. */
  readonly screen?: (segment: string, json: Buffer) => Promise<Buffer>;
  /** Told of each failed attempt, and of damaged or refused facts. */
  readonly onTrouble: (trouble: ImportTrouble) => void;
  /** Milliseconds at the beginning of a burst in which nothing is imported. */
  readonly holdMs?: number;
}

export interface ImportTrouble {
  readonly kind: "database_away" | "damaged_bytes" | "refused_events";
  readonly count: number;
  readonly error?: unknown;
}

/** Moves the journal into the log, exactly once: rows and offset are one transaction. */
export interface Importer {
  start(): void;
  /** Resolves once everything durable at the time of the call is in the log, or after `withinMs`. */
  drained(withinMs: number): Promise<boolean>;
  /** Calls back after each import that added facts. */
  onImported(listener: () => void): void;
  /** Told whether hits keep the machine busy: then they go first for two seconds, and the journal keeps them. */
  setBusy(isBusy: boolean): void;
  stats(): ImporterStats;
  stop(): Promise<void>;
}

interface ImporterStats {
  readonly imported: number;
  readonly away: boolean;
  /** It has not begun, or the database is away: it makes no sense for an answer to wait for the import. */
  readonly stalled: boolean;
}

/** The offset stored with the rows says exactly what is in; a lost race rolls both back. */
export function createImporter(deps: ImporterDeps): Importer {
  const { journal, db, onTrouble } = deps;
  const offsets = createJournalOffsets(db, deps.nodeId);
  const hold = createBurstHold(deps.holdMs ?? HOLD_MS);
  const waiters = createImportWaiters();
  const importedListeners: (() => void)[] = [];
  let imported = 0;
  let failures = 0;
  let running: Promise<void> | undefined;
  let woken = false;
  let stopped = false;
  let loaded = false;
  let stalled = true;

  function wake(): void {
    woken = true;
    if (!stopped) running ??= run();
  }

  async function run(): Promise<void> {
    while (woken && !stopped) {
      woken = false;
      await importAll();
      // One commit for many small writes: each costs the disk a flush that a click is waiting for too.
      if (db.engine === "sqlite" && !stopped) await sleep(GATHER_MS);
      while (makesWay()) await sleep(GATHER_MS);
    }
    running = undefined;
  }

  /** Never where somebody waits for the import, as answers do on PostgreSQL. */
  function makesWay(): boolean {
    if (stopped || !waiters.isEmpty() || db.engine === "postgres") return false;
    return hold.isOn();
  }

  /** Until nothing is left, or hits go first: then the rest comes after. */
  async function importAll(): Promise<void> {
    let isMore = true;
    while (isMore && !stopped && !makesWay()) isMore = await importNext().catch(pause);
    if (isMore) woken = true;
  }

  /** Whether there was anything to import. */
  async function importNext(): Promise<boolean> {
    if (!loaded) await loadOffsets();
    const segment = journal.segments().find(({ name, bytes }) => offsets.of(name) < bytes);
    if (!segment) {
      hold.caughtUp();
      settlePassed();
      return false;
    }
    await importPiece(segment);
    failures = 0;
    return true;
  }

  async function loadOffsets(): Promise<void> {
    await offsets.load();
    loaded = true;
    for (const { name } of [...journal.segments()]) await journal.release(name, offsets.of(name));
    await offsets.forgetOthers(segmentNames());
  }

  function segmentNames(): Set<string> {
    return new Set(journal.segments().map(({ name }) => name));
  }

  async function importPiece(segment: SegmentInfo): Promise<void> {
    const { name } = segment;
    const { slices, end, damagedBytes } = await readPiece(segment, offsets.of(name));
    if (damagedBytes > 0) onTrouble({ kind: "damaged_bytes", count: damagedBytes });
    for (const slice of slices) await importSlice(name, slice);
    // A torn tail or an unreadable rest of a finished segment: nothing in it was ever acknowledged.
    if (end > offsets.of(name)) await moveOffset(name, end, []);
    await journal.release(name, offsets.of(name));
    if (segment.sealed && offsets.of(name) >= segment.bytes) await offsets.forget(name);
  }

  async function importSlice(segment: string, { json, records, end }: Slice): Promise<void> {
    if (records === 0) return moveOffset(segment, end, []);
    const whole = (await deps.readRequests?.(json)) ?? json;
    const facts = (await deps.screen?.(segment, whole)) ?? whole;
    await storeFacts(segment, end, facts);
    imported += records;
    for (const listener of importedListeners) listener();
  }

  async function storeFacts(segment: string, end: number, json: Buffer): Promise<void> {
    try {
      if (db.engine === "postgres") await createPartitions(db, json.toString("utf8"));
      await moveOffset(segment, end, insertFacts(db.engine, json));
    } catch (error) {
      if (error instanceof AppError) throw error;
      // Refused for what is in it: the good facts are kept, and the bad ones apart.
      const refused = await insertOneByOne(deps, json);
      onTrouble({ kind: "refused_events", count: refused.length, error });
      await moveOffset(segment, end, [insertFailedEvents(JSON.stringify(refused))]);
    }
  }

  async function moveOffset(
    segment: string,
    end: number,
    writes: readonly BatchStatement[],
  ): Promise<void> {
    await offsets.move(segment, end, writes);
    settlePassed();
  }

  /** Answers everybody whose place in the journal has been passed. */
  function settlePassed(): void {
    stalled = false;
    const left = segmentNames();
    waiters.settle(({ segment, end }) => !left.has(segment) || offsets.of(segment) >= end);
  }

  /** There is more to import, once the database is back. */
  async function pause(error: unknown): Promise<true> {
    stalled = true;
    onTrouble({ kind: "database_away", count: 1, error });
    // The commit may have succeeded without our hearing of it: ask what is stored.
    loaded = false;
    const ms = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
    failures += 1;
    await sleep(ms);
    return true;
  }

  return {
    start() {
      journal.onDurable(wake);
      wake();
    },
    async drained(withinMs) {
      const last = journal.segments().at(-1);
      if (!last || offsets.of(last.name) >= last.bytes) return true;
      const passed = waiters.wait({ segment: last.name, end: last.bytes }, withinMs);
      wake();
      return passed;
    },
    onImported: (listener) => void importedListeners.push(listener),
    setBusy: hold.setBusy,
    stats: () => ({ imported, away: failures > 0, stalled }),
    async stop() {
      stopped = true;
      await running;
    },
  };
}
