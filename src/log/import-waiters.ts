/** A place in the journal. */
interface JournalPlace {
  readonly segment: string;
  readonly end: number;
}

/** Those who want to know when the import has passed a place in the journal. */
export interface ImportWaiters {
  /** Resolves to true once the place is passed, to false after `withinMs`. */
  wait(place: JournalPlace, withinMs: number): Promise<boolean>;
  /** Answers everybody whose place has been passed. */
  settle(isPassed: (place: JournalPlace) => boolean): void;
  isEmpty(): boolean;
}

interface Waiter {
  readonly place: JournalPlace;
  readonly finish: (inTime: boolean) => void;
}

/** Begins with nobody. */
export function createImportWaiters(): ImportWaiters {
  const waiting = new Set<Waiter>();
  return {
    wait(place, withinMs) {
      return new Promise((resolve) => {
        const finish = (inTime: boolean): void => {
          clearTimeout(timer);
          waiting.delete(waiter);
          resolve(inTime);
        };
        const waiter = { place, finish };
        const timer = setTimeout(() => finish(false), withinMs);
        waiting.add(waiter);
      });
    },
    settle(isPassed) {
      for (const { place, finish } of waiting) if (isPassed(place)) finish(true);
    },
    isEmpty: () => waiting.size === 0,
  };
}
