import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { BatchStatement, Db, Engine } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import { AppError, errorMessage } from "../lib/errors.ts";
import { toStorableText } from "../lib/storable.ts";
import { createPartitions } from "./event-partitions.ts";
import { insertEvents } from "./events-store.ts";
import { type FailedEventRow, insertFailedEvents, splitFailedEvents } from "./failed-events.ts";
import type { Journal } from "./journal.ts";
import type { SegmentInfo } from "./journal-files.ts";
import { decodeFrames, type Frame, SEGMENT_HEADER } from "./segment.ts";

/** Bytes read from a segment at once; doubled when a frame is larger. */
const READ_BYTES = 4e6;
/** Bytes of facts in one transaction: about 5 ms of the writer's time. */
const SLICE_BYTES = 500_000;
/** Pause between imports on SQLite. PostgreSQL has none: there the answer waits for the import. */
const GATHER_MS = 50;
/** How long the import leaves the machine to the hits of a burst; most bursts are over by then. */
const HOLD_MS = 2000;
/** Pauses before a database that is away is tried again. */
const RETRY_MS = [50, 100, 250, 500, 1000] as const;

const OPENING = Buffer.from("[");
const COMMA = Buffer.from(",");
const CLOSING = Buffer.from("]");

/** What must be known of a fact to keep it among the refused ones. */
const refusedFact = z.object({
  workspace_id: z.number().int().catch(0),
  source_id: z.string().catch(""),
});

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
  const { journal, db, nodeId, onTrouble, holdMs = HOLD_MS } = deps;
  const offsets = new Map<string, number>();
  const importedListeners: (() => void)[] = [];
  let waiting: Waiter[] = [];
  let imported = 0;
  let failures = 0;
  let running: Promise<void> | undefined;
  let woken = false;
  let stopped = false;
  let loaded = false;
  let stalled = true;
  let isBusy = false;
  /** When the import first made way; until it has caught up in a calm moment it does so only once. */
  let heldSince: number | undefined;

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
    if (!isBusy || stopped || waiting.length > 0 || db.engine === "postgres") return false;
    heldSince ??= performance.now();
    return performance.now() - heldSince < holdMs;
  }

  async function importAll(): Promise<void> {
    while (!stopped) {
      if (makesWay()) {
        woken = true;
        return;
      }
      try {
        if (!loaded) await loadOffsets();
        const segment = nextSegment();
        if (!segment) {
          if (!isBusy) heldSince = undefined;
          return settleReached();
        }
        await importPiece(segment);
        failures = 0;
      } catch (error) {
        await pause(error);
      }
    }
  }

  async function loadOffsets(): Promise<void> {
    const rows = await db.all<{ segment: string; imported_bytes: number }>(
      sql`SELECT segment, imported_bytes FROM journal_offsets WHERE node_id = ${nodeId}`,
    );
    offsets.clear();
    for (const { segment, imported_bytes } of rows) offsets.set(segment, imported_bytes);
    loaded = true;
    for (const { name } of [...journal.segments()]) await journal.release(name, offsetOf(name));
    const left = new Set(journal.segments().map(({ name }) => name));
    for (const { segment } of rows) if (!left.has(segment)) await forget(segment);
  }

  function offsetOf(segment: string): number {
    return offsets.get(segment) ?? SEGMENT_HEADER.length;
  }

  function nextSegment(): SegmentInfo | undefined {
    return journal.segments().find(({ name, bytes }) => offsetOf(name) < bytes);
  }

  async function importPiece(segment: SegmentInfo): Promise<void> {
    const from = offsetOf(segment.name);
    const { frames, end, damagedBytes } = await readPiece(segment, from);
    if (damagedBytes > 0) onTrouble({ kind: "damaged_bytes", count: damagedBytes });
    for (const slice of slices(frames)) {
      const last = slice.at(-1);
      if (last) await importSlice(segment, slice, last.end);
    }
    // A torn tail or an unreadable rest of a finished segment: nothing in it was ever acknowledged.
    if (end > offsetOf(segment.name)) await moveOffset(segment, end, []);
    await journal.release(segment.name, offsetOf(segment.name));
    if (segment.sealed && offsetOf(segment.name) >= segment.bytes) await forget(segment.name);
  }

  async function importSlice(segment: SegmentInfo, frames: Frame[], end: number): Promise<void> {
    const records = frames.reduce((sum, frame) => sum + frame.records, 0);
    const kept = toJsonArray(frames);
    const whole = (await deps.readRequests?.(kept)) ?? kept;
    const json = (await deps.screen?.(segment.name, whole)) ?? whole;
    try {
      if (db.engine === "postgres") await createPartitions(db, json.toString("utf8"));
      await moveOffset(segment, end, records > 0 ? insertSlice(db.engine, json) : []);
    } catch (error) {
      if (error instanceof AppError) throw error;
      await importOneByOne(segment, json, end, error);
    }
    imported += records;
    if (records > 0) for (const listener of importedListeners) listener();
  }

  /** The database refused the slice for what is in it: keep the good facts, and the bad ones apart. */
  async function importOneByOne(
    segment: SegmentInfo,
    json: Buffer,
    end: number,
    cause: unknown,
  ): Promise<void> {
    const facts: unknown[] = JSON.parse(json.toString("utf8"));
    const refused: FailedEventRow[] = [];
    for (const fact of facts) {
      try {
        await db.batch(insertSlice(db.engine, Buffer.from(JSON.stringify([fact]))));
      } catch (error) {
        if (error instanceof AppError) throw error;
        refused.push(asFailedEvent(fact, error));
      }
    }
    onTrouble({ kind: "refused_events", count: refused.length, error: cause });
    await moveOffset(segment, end, [insertFailedEvents(JSON.stringify(refused))]);
  }

  function asFailedEvent(fact: unknown, error: unknown): FailedEventRow {
    const { workspace_id, source_id } = refusedFact.parse(fact);
    return {
      workspace_id,
      failed_id: deps.createId(),
      received_at: deps.now(),
      source_id: toStorableText(source_id),
      source: null,
      refuses_join: 0,
      reason: errorMessage(error),
      raw: toStorableText(JSON.stringify(fact)),
    };
  }

  /** Commits the writes and the offset together, if the stored offset is still the one we know. */
  async function moveOffset(
    segment: SegmentInfo,
    end: number,
    writes: readonly BatchStatement[],
  ): Promise<void> {
    const known = offsetOf(segment.name);
    const statement = sql`
      INSERT INTO journal_offsets (node_id, segment, imported_bytes)
      VALUES (${nodeId}, ${segment.name}, ${end})
      ON CONFLICT (node_id, segment) DO UPDATE SET imported_bytes = excluded.imported_bytes
      WHERE journal_offsets.imported_bytes = ${known}`;
    await db.batch([...writes, { statement, changes: 1 }]);
    offsets.set(segment.name, end);
    settleReached();
  }

  async function forget(segment: string): Promise<void> {
    offsets.delete(segment);
    await db.run(sql`
      DELETE FROM journal_offsets WHERE node_id = ${nodeId} AND segment = ${segment}`);
  }

  async function pause(error: unknown): Promise<void> {
    stalled = true;
    onTrouble({ kind: "database_away", count: 1, error });
    // The commit may have succeeded without our hearing of it: ask what is stored.
    loaded = false;
    const ms = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
    failures += 1;
    await sleep(ms);
  }

  /** Answers everybody whose place in the journal has been passed. */
  function settleReached(): void {
    stalled = false;
    const left = new Set(journal.segments().map(({ name }) => name));
    const isReached = ({ segment, end }: Waiter) => !left.has(segment) || offsetOf(segment) >= end;
    const reached = waiting.filter(isReached);
    if (reached.length === 0) return;
    waiting = waiting.filter((waiter) => !isReached(waiter));
    for (const { finish } of reached) finish(true);
  }

  function drained(withinMs: number): Promise<boolean> {
    const last = journal.segments().at(-1);
    if (!last || offsetOf(last.name) >= last.bytes) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (inTime: boolean): void => {
        clearTimeout(timer);
        resolve(inTime);
      };
      const waiter = { segment: last.name, end: last.bytes, finish };
      const timer = setTimeout(() => {
        waiting = waiting.filter((other) => other !== waiter);
        finish(false);
      }, withinMs);
      waiting.push(waiter);
      wake();
    });
  }

  return {
    start() {
      journal.onDurable(wake);
      wake();
    },
    drained,
    onImported: (listener) => void importedListeners.push(listener),
    setBusy(busy) {
      isBusy = busy;
    },
    stats: () => ({ imported, away: failures > 0, stalled }),
    async stop() {
      stopped = true;
      await running;
    },
  };
}

/** Somebody who wants to know when the import has passed a place in the journal. */
interface Waiter {
  readonly segment: string;
  readonly end: number;
  readonly finish: (inTime: boolean) => void;
}

interface Piece {
  readonly frames: readonly Frame[];
  /** Offset behind the piece: behind its last frame, or the segment's end when nothing more can follow. */
  readonly end: number;
  readonly damagedBytes: number;
}

/** Bytes all the way: on SQLite only the writer thread reads them as text. */
function toJsonArray(frames: readonly Frame[]): Buffer {
  const pieces = frames
    .filter((frame) => frame.records > 0)
    .flatMap(({ payload }, index) => [index === 0 ? OPENING : COMMA, payload]);
  return Buffer.concat([...(pieces.length > 0 ? pieces : [OPENING]), CLOSING]);
}

function insertSlice(engine: Engine, json: Buffer): BatchStatement[] {
  const split = splitFailedEvents(json);
  if (!split) return [insertEvents(engine, json)];
  return [insertEvents(engine, split.events), insertFailedEvents(split.failed)];
}

async function readPiece(segment: SegmentInfo, from: number): Promise<Piece> {
  for (let size = READ_BYTES; ; size *= 2) {
    const to = Math.min(segment.bytes, from + size);
    const bytes = await readRange(segment.path, from, to);
    const complete = segment.sealed && to === segment.bytes;
    const { frames, damagedBytes } = decodeFrames(bytes, from, complete);
    const end = complete ? to : (frames.at(-1)?.end ?? from);
    if (end > from || to === segment.bytes) return { frames, end, damagedBytes };
  }
}

async function readRange(file: string, from: number, to: number): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const buffer = Buffer.allocUnsafe(to - from);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function* slices(frames: readonly Frame[]): Generator<Frame[]> {
  let slice: Frame[] = [];
  let bytes = 0;
  for (const frame of frames) {
    if (slice.length > 0 && bytes + frame.payload.length > SLICE_BYTES) {
      yield slice;
      slice = [];
      bytes = 0;
    }
    slice.push(frame);
    bytes += frame.payload.length;
  }
  if (slice.length > 0) yield slice;
}
