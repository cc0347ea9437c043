import { setTimeout as sleep } from "node:timers/promises";
import type { Bytes } from "../lib/bytes.ts";
import { AppError, errorMessage } from "../lib/errors.ts";
import type { EventRow } from "./event.ts";
import type { FailedEventRow } from "./failed-events.ts";
import { createSegmentFiles, type SegmentFiles, type SegmentInfo } from "./journal-files.ts";
import { createJournalQueue, type Entry, type Kept } from "./journal-queue.ts";
import { createWriter, type WriterDeps } from "./journal-writer.ts";

export type { Kept } from "./journal-queue.ts";

/** What the journal carries: facts for the log, and refused items for `failed_events`. */
type JournalFact = EventRow | FailedEventRow;

export interface JournalLimits {
  /** A segment is closed and the next one begun at this size, in bytes. */
  readonly segmentBytes: number;
  /** Unimported bytes on disk above which collection is refused; redirects go on. */
  readonly unimportedBytes: number;
  /** Bytes that may wait in memory for the disk. */
  readonly queueBytes: number;
  /** A reader is answered after this time at the latest, in milliseconds, however slow the disk is. */
  readonly readerWaitMs: number;
}

const DEFAULT_LIMITS: JournalLimits = {
  segmentBytes: 16e6,
  unimportedBytes: 1e9,
  queueBytes: 64e6,
  readerWaitMs: 50,
};

/** How often a turn-over looks whether it is done. */
const TURN_MS = 10;

/** Where every door puts its facts. One write is in flight at a time; what queued meanwhile goes next. */
export interface Journal {
  /** Refuses as `append` would, before anybody has made the facts. @throws {AppError} the same */
  checkRoom(): void;
  /**
   * Keeps facts for a collector: resolves when they are on disk.
   *
   * @throws {AppError} `journal_full` (429) above the cap of unimported bytes, `storage_unavailable`
   *                    (503) when the disk refuses the write: then none of them was kept
   */
  append(facts: readonly JournalFact[]): Promise<void>;
  /**
   * The same of one fact that is JSON already, as text or in UTF-8.
   *
   * @param events how many events of the log it stands for
   */
  appendJson(json: string | Bytes, events: number): Promise<void>;
  /** Keeps one hit (an EventRow as JSON) for a reader: calls back within 50 ms or so, whatever happens. */
  appendHit(json: string, done: (kept: Kept) => void): void;
  /**
   * Begins a new segment behind everything that was appended before the call; returns the names of those that
   * hold it. Waits while the disk refuses writes.
   */
  turnOver(): Promise<ReadonlySet<string>>;
  /** Segments with facts, oldest first; `bytes` counts only what is durable. */
  segments(): readonly SegmentInfo[];
  /** Told by the importer how far a segment has been imported; a finished one is deleted. */
  release(segment: string, importedBytes: number): Promise<void>;
  /** Calls back after each durable write. */
  onDurable(listener: () => void): void;
  stats(): JournalStats;
  /** Writes what is queued, then closes. Hits that the disk still refuses are returned as a count. */
  close(): Promise<number>;
}

interface JournalStats {
  readonly unimportedBytes: number;
  readonly queuedHits: number;
  readonly queuedBytes: number;
  readonly writes: number;
  readonly records: number;
  readonly failing: string | null;
}

interface JournalDeps extends WriterDeps {
  /** Folder of this node's segments; created when missing. */
  readonly folder: string;
  readonly createId: () => string;
  readonly limits?: Partial<JournalLimits>;
}

/** Opens the journal: leftover segments are listed for the importer, and a new one is begun. */
export async function openJournal(deps: JournalDeps): Promise<Journal> {
  const limits = { ...DEFAULT_LIMITS, ...deps.limits };
  const files = await createSegmentFiles(deps.folder, deps.createId);
  return createJournal(deps, limits, files);
}

function createJournal(deps: JournalDeps, limits: JournalLimits, files: SegmentFiles): Journal {
  const queue = createJournalQueue();
  const listeners: (() => void)[] = [];
  const writer = createWriter(deps, limits, files, queue, () => {
    for (const listener of listeners) listener();
  });
  let isClosed = false;
  let enqueued = 0;

  function isOverflowing(json: string | Bytes): boolean {
    return queue.bytes() + json.length > limits.queueBytes;
  }

  function enqueue(
    json: string | Bytes,
    records: number,
    settle: Entry["settle"],
    isPatient: boolean,
  ): void {
    enqueued += 1;
    queue.push({ json, records, settle, isPatient, queuedAt: deps.monotonicNow() });
    writer.wake();
  }

  function appendHit(json: string, done: (kept: Kept) => void): void {
    if (isClosed || isOverflowing(json)) {
      done("dropped");
      return;
    }
    const waits = writer.failure() === undefined;
    enqueue(json, 1, waits ? done : undefined, false);
    if (!waits) done("memory");
  }

  function checkRoom(): void {
    const failure = isClosed ? new Error("the journal is closed") : writer.failure();
    if (failure !== undefined) throw refusal(failure);
    if (files.unimportedBytes() > limits.unimportedBytes) throw journalFull();
  }

  async function append(facts: readonly JournalFact[]): Promise<void> {
    if (facts.length === 0) return;
    // As one array: a call for each took half as long again.
    await appendJson(JSON.stringify(facts).slice(1, -1), facts.length);
  }

  async function appendJson(json: string | Bytes, events: number): Promise<void> {
    checkRoom();
    if (isOverflowing(json)) throw journalFull();
    await new Promise<void>((resolve, reject) => {
      const settle = (_kept: Kept, error?: unknown) => (error ? reject(refusal(error)) : resolve());
      enqueue(json, events, settle, true);
    });
  }

  /** The queue is in order: what was in it is written (or refused) when so many have left it. */
  async function turnOver(): Promise<ReadonlySet<string>> {
    const last = enqueued;
    while (!isClosed && enqueued - queue.hits() < last) await sleep(TURN_MS);
    const before = new Set(files.segments().map(({ name }) => name));
    files.turnOver();
    writer.wake();
    const isOpen = () => files.segments().some(({ name, sealed }) => before.has(name) && !sealed);
    while (!isClosed && isOpen()) {
      await sleep(TURN_MS);
      writer.wake();
    }
    return before;
  }

  return {
    checkRoom,
    append,
    appendJson,
    appendHit,
    turnOver,
    segments: files.segments,
    release: files.release,
    onDurable: (listener) => void listeners.push(listener),
    stats() {
      const failure = writer.failure();
      return {
        unimportedBytes: files.unimportedBytes(),
        queuedHits: queue.hits(),
        queuedBytes: queue.bytes(),
        ...writer.counts(),
        failing: failure === undefined ? null : errorMessage(failure),
      };
    },
    async close() {
      isClosed = true;
      await writer.finish();
      await files.close();
      return queue.hits();
    },
  };
}

function refusal(cause: unknown): AppError {
  return new AppError("storage_unavailable", 503, "The journal cannot be written right now.", {
    hint: "Nothing was kept: send it again. The operator finds the reason in /readyz and the log.",
    retryAfterS: 5,
    cause,
  });
}

function journalFull(): AppError {
  return new AppError("journal_full", 429, "Too many events wait to be imported.", {
    hint: "Send it again after the Retry-After time; clients of the Segment protocol do so by themselves.",
    retryAfterS: 10,
  });
}
