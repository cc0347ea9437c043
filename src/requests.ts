import { Worker } from "node:worker_threads";
import { holdsRequests } from "./collect/kept-requests.ts";

/** What the thread is sent: a slice of the journal. */
export interface ReadOrder {
  readonly id: number;
  readonly slice: Uint8Array;
}

/** The same slice with facts in place of requests. */
export interface ReadReply {
  readonly id: number;
  readonly facts: Uint8Array;
}

/** Makes events of collected requests, in a thread of its own: an answer must not wait for the import. */
export interface Requests {
  /**
   * Makes facts of the requests in a slice of the journal; one without any is returned as it is, of any other
   * nothing is left.
   */
  read(slice: Buffer): Promise<Buffer>;
  stop(): Promise<void>;
}

interface Waiting {
  resolve(facts: Buffer): void;
  reject(error: Error): void;
}

/** Far more than it takes. By this V8 judges how much garbage may gather: 62 MB under load where it is free, 39 so. */
const MOST_HEAP_MB = 512;

/** The memory of a slice that is nobody else's: small ones share theirs. */
function ownedBy({ buffer, byteLength }: Buffer): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

/** The thread starts with the first request, and again should it ever end by itself. */
export function createRequests(clickParam: string): Requests {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let lastId = 0;

  function start(): Worker {
    const started = new Worker(new URL("./requests-thread.js", import.meta.url), {
      workerData: clickParam,
      resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
    });
    started.unref();
    started.on("message", ({ id, facts }: ReadReply) => {
      waiting.get(id)?.resolve(Buffer.from(facts.buffer, facts.byteOffset, facts.byteLength));
      waiting.delete(id);
    });
    // The importer tries again: the slice is still in the journal.
    started.on("error", fail);
    started.on("exit", () => fail(new Error("The thread that reads requests ended.")));
    return started;
  }

  function fail(error: Error): void {
    worker = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  return {
    read(slice) {
      if (!holdsRequests(slice)) return Promise.resolve(slice);
      worker ??= start();
      lastId += 1;
      const order: ReadOrder = { id: lastId, slice };
      const running = worker;
      return new Promise((resolve, reject) => {
        waiting.set(order.id, { resolve, reject });
        running.postMessage(order, ownedBy(slice));
      });
    },
    async stop() {
      await worker?.terminate();
    },
  };
}
