/** A storage that never throws; where the browser has none it lasts as long as the page. */
export interface SafeStorage {
  get(key: string): string | null;
  /** A null value removes the key. */
  set(key: string, value: string | null): void;
}

/** @param open gives the browser's storage, or throws where it is forbidden */
export function createStorage(open: () => Storage): SafeStorage {
  /** What the browser's storage did not take, or no longer holds. */
  const memory: Record<string, string | null> = {};
  return {
    get(key) {
      try {
        return open().getItem(key) ?? memory[key] ?? null;
      } catch {
        return memory[key] ?? null;
      }
    },
    set(key, value) {
      memory[key] = value;
      try {
        open().removeItem(key);
        if (value) open().setItem(key, value);
      } catch {
        // Memory has it.
      }
    },
  };
}
