import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/**
 * Beside a thread at 0, which weighs 1024, one at this niceness weighs 110. At 19 it weighs 15: too little, its
 * reads ran into their time limit on a machine whose cores were all busy.
 */
const BACKGROUND = 10;

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
