type Listener = (...args: unknown[]) => void;

/** Those whom the page has told of its calls: `analytics.on("track", …)`. */
export interface Listeners {
  on(name: string, listener: Listener): void;
  once(name: string, listener: Listener): void;
  off(name: string, listener: Listener): void;
  emit(name: string, ...args: unknown[]): void;
}

/** None at first. */
export function createListeners(): Listeners {
  const known = new Map<string, Set<Listener>>();
  const off = (name: string, listener: Listener): void => void known.get(name)?.delete(listener);
  const on = (name: string, listener: Listener): void =>
    void known.set(name, (known.get(name) ?? new Set()).add(listener));
  return {
    on,
    off,
    once(name, listener) {
      const once: Listener = (...args) => {
        off(name, once);
        listener(...args);
      };
      on(name, once);
    },
    emit(name, ...args) {
      for (const listener of [...(known.get(name) ?? [])]) listener(...args);
    },
  };
}
