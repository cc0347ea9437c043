import type { Bytes } from "../lib/bytes.ts";

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

/** Facts that wait for the disk, and who waits for them. */
export interface Entry {
  /** One fact or several, joined by commas: text, or UTF-8. */
  readonly json: string | Bytes;
  readonly records: number;
  /** Undefined once its sender has been answered. */
  settle: ((kept: Kept, error?: unknown) => void) | undefined;
  /** A collector waits for the disk however long it takes; a reader does not. */
  readonly isPatient: boolean;
  /** On a clock that never jumps, in milliseconds. */
  readonly queuedAt: number;
}

/** What waits for the disk, in order: the group that is being written, and all behind it. */
export interface JournalQueue {
  push(entry: Entry): void;
  /** Takes the next group off the queue, for one write of at most `bytes` or one entry. */
  takeGroup(bytes: number): readonly Entry[];
  /** The group is on disk: answers everyone in it. */
  settleGroup(): void;
  /** The disk refused the group: readers are answered and their hits wait on, collectors are told why. */
  putBack(error: unknown): void;
  /** Answers readers who were queued before this moment; their hits go on waiting. */
  answerReaders(queuedBefore: number): void;
  /** Entries behind the group. */
  isEmpty(): boolean;
  hits(): number;
  /** Bytes that wait, or UTF-16 units of text; the group included. */
  bytes(): number;
}

/** Makes an empty queue. It knows nothing of disks, clocks or limits. */
export function createJournalQueue(): JournalQueue {
  let queue: Entry[] = [];
  let group: Entry[] = [];
  let queueBytes = 0;
  let groupBytes = 0;

  return {
    push(entry) {
      queue.push(entry);
      queueBytes += entry.json.length;
    },
    takeGroup(most) {
      // Nearly always all of it: then nothing is copied and nothing counted again.
      const count = queueBytes <= most ? queue.length : countUpTo(queue, most);
      const rest = queue.splice(count);
      group = queue;
      queue = rest;
      groupBytes = rest.length === 0 ? queueBytes : sizeOf(group);
      queueBytes -= groupBytes;
      return group;
    },
    settleGroup() {
      const settled = group;
      group = [];
      groupBytes = 0;
      for (const entry of settled) entry.settle?.("durable");
    },
    putBack(error) {
      const pending = [...group, ...queue];
      group = [];
      groupBytes = 0;
      queue = pending.filter((entry) => !entry.isPatient);
      queueBytes = sizeOf(queue);
      for (const entry of pending) {
        if (entry.isPatient) entry.settle?.("dropped", error);
        else answer(entry, "memory");
      }
    },
    answerReaders(queuedBefore) {
      for (const entry of [...group, ...queue]) {
        if (entry.queuedAt > queuedBefore) break;
        if (!entry.isPatient) answer(entry, "late");
      }
    },
    isEmpty: () => queue.length === 0,
    hits: () => group.length + queue.length,
    bytes: () => queueBytes + groupBytes,
  };
}

function answer(entry: Entry, kept: Kept): void {
  const { settle } = entry;
  entry.settle = undefined;
  settle?.(kept);
}

function countUpTo(entries: readonly Entry[], most: number): number {
  let bytes = 0;
  let count = 0;
  for (const entry of entries) {
    bytes += entry.json.length;
    if (count > 0 && bytes > most) break;
    count += 1;
  }
  return count;
}

function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.json.length, 0);
}
