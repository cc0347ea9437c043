import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** Of 1024 parts of a contended core, a thread at this niceness gets 15 beside one at 0. */
const BACKGROUND = 19;

/**
 * Lets the calling thread, and those it starts from now on, give way to the others when the machine is busy.
 *
 * Linux keeps niceness for each thread; elsewhere, or where it is not allowed, nothing changes.
 */
export function yieldToOtherThreads(): void {
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    if (Number.isInteger(thread) && thread !== process.pid) setPriority(thread, BACKGROUND);
  } catch {
    // An unprioritised thread does the same work, only less politely.
  }
}
