/** Reads what a key holds; with a value, an empty one removes the key, writes it before. Never throws. */
export type SafeStorage = (key: string, value?: string) => string | undefined;

/**
 * Where the browser has no storage it lasts as long as the page.
 *
 * @param open gives the browser's storage, or throws where it is forbidden
 */
function createStorage(open: () => Storage): SafeStorage {
  /** What the browser's storage did not take, or no longer holds. */
  const memory: Record<string, string> = {};
  return (key, value) => {
    try {
      if (value !== undefined) {
        memory[key] = value;
        delete open()[key];
        if (value) open()[key] = value;
      }
      return open()[key] ?? memory[key];
    } catch {
      return memory[key];
    }
  };
}

/** What is known of the visitor, and the calls that wait. */
export const local: SafeStorage = createStorage(() => localStorage);

/** What is known of this tab. */
export const session: SafeStorage = createStorage(() => sessionStorage);
