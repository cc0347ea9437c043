import { storageUnavailable } from "../failures.ts";
import type { ReadRequest, ReadResult } from "./protocol.ts";
import type { Thread } from "./thread.ts";

interface ReaderPoolOptions {
  createReader(): Reader;
  readonly readers: number;
  /** Longest run of one read, in milliseconds. */
  readonly readTimeoutMs: number;
}

export interface ReaderPool {
  /** Runs a read on the next free reader. @throws {AppError} `storage_unavailable`, also past its time */
  read(request: ReadRequest): Promise<ReadResult>;
  /** Finishes the reads that were accepted, then ends the threads. */
  close(): Promise<void>;
}

export type Reader = Thread<ReadRequest, ReadResult>;

/**
 * Reader threads, each with one read at a time, so that a long report holds up no more than itself.
 *
 * A read past its time is answered with an error and its thread is ended: a read that goes on for
 * ever would keep the write-ahead log from being emptied. SQLite notices between rows only, so the
 * slot takes other reads again when the old thread has really gone.
 */
export function createReaderPool(options: ReaderPoolOptions): ReaderPool {
  const { readers, readTimeoutMs, createReader } = options;
  const all = Array.from({ length: readers }, createReader);
  const free = [...all];
  const waiting: ((reader: Reader) => void)[] = [];

  function acquire(): Promise<Reader> {
    const reader = free.pop();
    if (reader) return Promise.resolve(reader);
    return new Promise((resolve) => waiting.push(resolve));
  }
  function release(reader: Reader): void {
    const next = waiting.shift();
    if (next) next(reader);
    else free.push(reader);
  }

  async function read(request: ReadRequest): Promise<ReadResult> {
    const reader = await acquire();
    let ended: Promise<void> = Promise.resolve();
    const timer = setTimeout(() => {
      ended = reader.kill(tookTooLong(readTimeoutMs));
    }, readTimeoutMs);
    try {
      return await reader.call(request);
    } finally {
      clearTimeout(timer);
      void ended.then(() => release(reader));
    }
  }

  return {
    read,
    async close() {
      const held = await Promise.all(all.map(() => acquire()));
      await Promise.all(held.map((reader) => reader.close()));
    },
  };
}

function tookTooLong(limitMs: number): Error {
  return storageUnavailable(
    `The read took longer than ${limitMs} ms and was stopped.`,
    "Ask for a shorter time range or fewer rows.",
  );
}
