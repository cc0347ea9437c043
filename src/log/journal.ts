import { AppError, errorMessage } from "../lib/errors.ts";
import type { EventRow } from "./event.ts";
import type { FailedEventRow } from "./failed-events.ts";
import { createSegmentFiles, type SegmentFiles, type SegmentInfo } from "./journal-files.ts";
import { encodeFrame } from "./segment.ts";

/** What the journal carries: facts for the log, and refused items for `failed_events`. */
export type JournalFact = EventRow | FailedEventRow;

/** How a reader's hit was kept when its answer went out. */
export type Kept =
  /** On disk. */
  | "durable"
  /** The disk took longer than a reader waits; the hit is still being written. */
  | "late"
  /** The disk refuses writes (full, failing): in memory until it takes them again. */
  | "memory"
  /** Memory is full as well: counted, and lost. */
  | "dropped";

export interface JournalLimits {
  /** A segment is closed and the next one begun at this size, in bytes. */
  readonly segmentBytes: number;
  /** Unimported bytes on disk above which collection is refused; redirects go on. */
  readonly unimportedBytes: number;
  /** Bytes that may wait in memory for the disk. */
  readonly queueBytes: number;
}

export const DEFAULT_LIMITS: JournalLimits = {
  segmentBytes: 16e6,
  unimportedBytes: 1e9,
  queueBytes: 64e6,
};

/** A reader is redirected after this time at the latest, however slow the disk is. */
const PATIENCE_MS = 50;
/** A sweep looks for hits that have waited too long; it must not add much to the longest wait. */
const SWEEP_MS = 10;
/** Pause before a disk that refused a write is tried again. */
const RETRY_MS = 250;
/** Bytes of one write; more waits for the next, so that one write stays short. */
const GROUP_BYTES = 1e6;

/** Where every door puts its facts. One write is in flight at a time; what queued meanwhile goes next. */
export interface Journal {
  /**
   * Keeps facts for a collector: resolves when they are on disk.
   *
   * @throws {AppError} `journal_full` (429) above the cap of unimported bytes, `storage_unavailable`
   *                    (503) when the disk refuses the write: then none of them was kept
   */
  append(facts: readonly JournalFact[]): Promise<void>;
  /** Keeps one hit (an EventRow as JSON) for a reader: calls back within 50 ms or so, whatever happens. */
  appendHit(json: string, done: (kept: Kept) => void): void;
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

export interface JournalStats {
  readonly unimportedBytes: number;
  readonly queuedHits: number;
  readonly queuedBytes: number;
  readonly writes: number;
  readonly records: number;
  readonly failing: string | null;
}

interface JournalDeps {
  /** Folder of this node's segments; created when missing. */
  readonly folder: string;
  readonly createId: () => string;
  /** Milliseconds that never jump (performance.now). */
  readonly monotonicNow: () => number;
  readonly limits?: Partial<JournalLimits>;
  /** Told once when the disk begins to refuse writes, and once when it takes them again (null). */
  readonly onTrouble?: (error: unknown) => void;
}

interface Entry {
  /** One fact or several, joined by commas. */
  readonly json: string;
  readonly records: number;
  /** Undefined once its sender has been answered. */
  settle: ((kept: Kept, error?: unknown) => void) | undefined;
  /** A collector waits for the disk however long it takes; a reader does not. */
  readonly patient: boolean;
  readonly queuedAt: number;
}

/** Opens the journal: leftover segments are listed for the importer, and a new one is begun. */
export async function openJournal(deps: JournalDeps): Promise<Journal> {
  const limits = { ...DEFAULT_LIMITS, ...deps.limits };
  const files = await createSegmentFiles(deps.folder, deps.createId);
  return createJournal(deps, limits, files);
}

function createJournal(deps: JournalDeps, limits: JournalLimits, files: SegmentFiles): Journal {
  const { monotonicNow, onTrouble = () => {} } = deps;
  const listeners: (() => void)[] = [];
  let queue: Entry[] = [];
  let inFlight: Entry[] = [];
  let queuedBytes = 0;
  let writing: Promise<void> | undefined;
  let failing: unknown;
  let retryTimer: NodeJS.Timeout | undefined;
  let closed = false;
  let writes = 0;
  let recordsWritten = 0;

  function enqueue(entry: Entry): void {
    queue.push(entry);
    queuedBytes += entry.json.length;
    if (writing === undefined && failing === undefined) writing = writeAll();
  }

  /** Writes group after group until nothing is queued or the disk refuses. */
  async function writeAll(): Promise<void> {
    const sweep = setInterval(releaseImpatient, SWEEP_MS);
    try {
      // One turn of the loop gathers what arrived in the same tick into the first group.
      await Promise.resolve();
      do await writeGroup();
      while (queue.length > 0);
    } catch (error) {
      refuse(error);
    } finally {
      clearInterval(sweep);
      writing = undefined;
    }
  }

  async function writeGroup(): Promise<void> {
    inFlight = takeGroup();
    const count = inFlight.reduce((sum, entry) => sum + entry.records, 0);
    const frame = encodeFrame(inFlight.map((entry) => entry.json).join(","), count);
    await files.write(frame, limits.segmentBytes);
    const group = inFlight;
    inFlight = [];
    for (const entry of group) queuedBytes -= entry.json.length;
    writes += 1;
    recordsWritten += count;
    recover();
    for (const entry of group) entry.settle?.("durable");
    for (const listener of listeners) listener();
  }

  function takeGroup(): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const entry of queue) {
      if (count > 0 && bytes + entry.json.length > GROUP_BYTES) break;
      bytes += entry.json.length;
      count += 1;
    }
    if (count === queue.length) {
      const all = queue;
      queue = [];
      return all;
    }
    return queue.splice(0, count);
  }

  function releaseImpatient(): void {
    const before = monotonicNow() - (PATIENCE_MS - SWEEP_MS);
    for (const entry of [...inFlight, ...queue]) {
      if (entry.queuedAt > before) break;
      if (!entry.patient) letGo(entry, "late");
    }
  }

  /** The disk said no: collectors are told, readers go on, their hits wait in memory. */
  function refuse(error: unknown): void {
    if (failing === undefined) onTrouble(error);
    failing = error;
    const pending = [...inFlight, ...queue];
    inFlight = [];
    queue = pending.filter((entry) => !entry.patient);
    queuedBytes = queue.reduce((sum, entry) => sum + entry.json.length, 0);
    for (const entry of pending) {
      if (entry.patient) entry.settle?.("dropped", refusal(error));
      else letGo(entry, "memory");
    }
    if (!closed) retryTimer = setTimeout(retry, RETRY_MS);
  }

  /** Also with nothing queued (an empty frame): collectors must learn that the disk is back. */
  function retry(): void {
    writing ??= writeAll();
  }

  function recover(): void {
    if (failing === undefined) return;
    failing = undefined;
    onTrouble(null);
  }

  function isOverflowing(bytes: number): boolean {
    return queuedBytes + bytes > limits.queueBytes;
  }

  function appendHit(json: string, done: (kept: Kept) => void): void {
    if (closed || isOverflowing(json.length)) {
      done("dropped");
      return;
    }
    const waits = failing === undefined;
    const settle = waits ? done : undefined;
    enqueue({ json, records: 1, settle, patient: false, queuedAt: monotonicNow() });
    if (!waits) done("memory");
  }

  async function append(facts: readonly JournalFact[]): Promise<void> {
    if (facts.length === 0) return;
    if (closed) throw refusal(new Error("the journal is closed"));
    if (failing !== undefined) throw refusal(failing);
    const json = facts.map((fact) => JSON.stringify(fact)).join(",");
    if (files.unimportedBytes() > limits.unimportedBytes || isOverflowing(json.length)) {
      throw journalFull();
    }
    await new Promise<void>((resolve, reject) => {
      const settle = (_kept: Kept, error?: unknown) => (error ? reject(error) : resolve());
      const records = facts.length;
      enqueue({ json, records, settle, patient: true, queuedAt: monotonicNow() });
    });
  }

  async function close(): Promise<number> {
    closed = true;
    clearTimeout(retryTimer);
    await writing;
    if (queue.length > 0) {
      writing = writeAll();
      await writing;
    }
    await files.close();
    return queue.length;
  }

  return {
    append,
    appendHit,
    segments: files.segments,
    release: files.release,
    onDurable: (listener) => void listeners.push(listener),
    stats: () => ({
      unimportedBytes: files.unimportedBytes(),
      queuedHits: queue.length + inFlight.length,
      queuedBytes,
      writes,
      records: recordsWritten,
      failing: failing === undefined ? null : errorMessage(failing),
    }),
    close,
  };
}

/** Answers a reader whose hit goes on waiting. */
function letGo(entry: Entry, kept: Kept): void {
  const { settle } = entry;
  entry.settle = undefined;
  settle?.(kept);
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
