import { parentPort, workerData } from "node:worker_threads";
import { createRequestReader } from "./collect/kept-requests.ts";
import { yieldToOtherThreads } from "./lib/thread-priority.ts";
import type { ReadOrder, ReadReply } from "./requests.ts";

// The inside of the thread that makes events of collected requests.
const port = parentPort;
if (!port) throw new Error("This file is a worker thread.");
const read = createRequestReader(workerData);
yieldToOtherThreads();

port.on("message", ({ id, slice }: ReadOrder) => {
  const facts = read(Buffer.from(slice.buffer, slice.byteOffset, slice.byteLength));
  // Shared: it goes on to the thread that writes, and a copy on each way took a seventh of the main thread's time.
  const shared = new Uint8Array(new SharedArrayBuffer(facts.length));
  shared.set(facts);
  const reply: ReadReply = { id, facts: shared };
  port.postMessage(reply);
});
