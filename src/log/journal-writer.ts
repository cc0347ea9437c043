import type { JournalLimits } from "./journal.ts";
import type { SegmentFiles } from "./journal-files.ts";
import type { JournalQueue } from "./journal-queue.ts";
import { createFrameEncoder } from "./segment.ts";

/** A sweep looks for readers who have waited too long; it must not add much to the longest wait. */
const SWEEP_MS = 10;
/** Pause before a disk that refused a write is tried again. */
const RETRY_MS = 250;
/** Size of one write; more waits for the next, so that one write stays short. */
const GROUP_BYTES = 1e6;

export interface WriterDeps {
  /** Milliseconds that never jump (performance.now). */
  readonly monotonicNow: () => number;
  /** Told once when the disk begins to refuse writes, and once when it takes them again (null). */
  readonly onTrouble?: (error: unknown) => void;
}

/** Writes the queue to the segments: one write in flight, then whatever queued meanwhile. */
export interface Writer {
  /** Something is queued. */
  wake(): void;
  /** Why the disk refuses writes; undefined while it takes them. */
  failure(): unknown;
  counts(): { readonly writes: number; readonly records: number };
  /** Writes what is queued, if the disk takes it, and stops. */
  finish(): Promise<void>;
}

/** @param onWritten called after each write, when those who waited for it have been answered */
export function createWriter(
  { monotonicNow, onTrouble = () => {} }: WriterDeps,
  limits: JournalLimits,
  files: SegmentFiles,
  queue: JournalQueue,
  onWritten: () => void,
): Writer {
  const encodeFrame = createFrameEncoder();
  let writing: Promise<void> | undefined;
  let failure: unknown;
  let retryTimer: NodeJS.Timeout | undefined;
  let isFinishing = false;
  let writes = 0;
  let records = 0;

  async function writeAll(): Promise<void> {
    const sweep = setInterval(
      () => queue.answerReaders(monotonicNow() - (limits.readerWaitMs - SWEEP_MS)),
      SWEEP_MS,
    );
    try {
      // One turn of the loop gathers what arrived in the same tick into the first group.
      await Promise.resolve();
      do await writeGroup();
      while (!queue.isEmpty());
    } catch (error) {
      refuse(error);
    } finally {
      clearInterval(sweep);
      writing = undefined;
    }
  }

  /** Also with nothing queued (an empty frame): that is how a retry learns that the disk is back. */
  async function writeGroup(): Promise<void> {
    const group = queue.takeGroup(GROUP_BYTES);
    const count = group.reduce((sum, entry) => sum + entry.records, 0);
    // One write is in flight: nobody reads the frame any more when the next one is encoded.
    await files.write(encodeFrame(group, count), limits.segmentBytes);
    writes += 1;
    records += count;
    if (failure !== undefined) {
      failure = undefined;
      onTrouble(null);
    }
    queue.settleGroup();
    onWritten();
  }

  function refuse(error: unknown): void {
    if (failure === undefined) onTrouble(error);
    failure = error;
    queue.putBack(error);
    if (!isFinishing) {
      retryTimer = setTimeout(() => {
        writing ??= writeAll();
      }, RETRY_MS);
    }
  }

  return {
    wake() {
      if (writing === undefined && failure === undefined) writing = writeAll();
    },
    failure: () => failure,
    counts: () => ({ writes, records }),
    async finish() {
      isFinishing = true;
      clearTimeout(retryTimer);
      await writing;
      if (!queue.isEmpty()) await writeAll();
    },
  };
}
