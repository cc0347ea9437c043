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
  const reply: ReadReply = { id, facts };
  port.postMessage(reply);
});
