/** How often a page is looked at for what nobody announces. */
const LOOK_MS = 500;

/** Looks again and again until it is told that it need not. Never throws into the page, nor gives up. */
export function lookUntil(isDone: () => unknown): void {
  try {
    if (isDone()) return;
  } catch {
    // It may be there the next time.
  }
  setTimeout(lookUntil, LOOK_MS, isDone);
}
