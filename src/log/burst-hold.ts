/** Lets the hits of a burst go before the import, for a while. */
export interface BurstHold {
  /** Told whether hits keep the machine busy. */
  setBusy(isBusy: boolean): void;
  /** Whether the import makes way now: from the first call in a burst on, for `holdMs`. */
  isOn(): boolean;
  /** Told that nothing is left to import: from a calm moment on, the next burst is held for again. */
  caughtUp(): void;
}

/** Begins in a calm moment. */
export function createBurstHold(holdMs: number): BurstHold {
  let isBusy = false;
  /** When the import first made way; until it has caught up in a calm moment it does so only once. */
  let heldSince: number | undefined;
  return {
    setBusy(busy) {
      isBusy = busy;
    },
    isOn() {
      if (!isBusy) return false;
      heldSince ??= performance.now();
      return performance.now() - heldSince < holdMs;
    },
    caughtUp() {
      if (!isBusy) heldSince = undefined;
    },
  };
}
