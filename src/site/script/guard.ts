/** Wraps a function so that it never throws into the page. */
export function guard<A extends unknown[]>(action: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      action(...args);
    } catch {
      // The page matters more than the event.
    }
  };
}

type EventMap = DocumentEventMap & WindowEventMap;

/** Listens on the window, before the page's own handlers. */
export function listen<K extends keyof EventMap>(
  types: readonly K[],
  listener: (event: EventMap[K]) => void,
): void {
  // The types know only the window's events; those of the document pass through it too.
  const guarded = guard(listener as (event: Event) => void);
  for (const type of types) addEventListener(type, guarded, true);
}
