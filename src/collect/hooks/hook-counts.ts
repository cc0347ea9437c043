import type { HookCount, HookStore } from "./store.ts";

/** How long counts wait in memory; a kill loses at most these. The facts themselves are on disk. */
const FLUSH_MS = 1000;

/** Counts what comes from providers, by outcome. */
export interface HookCounts {
  add(workspaceId: number, esp: string, outcome: string): void;
  /** Counts what had come before under another outcome. */
  move(workspaceId: number, esp: string, from: string | undefined, to: string): void;
  read(workspaceId: number): Promise<HookCount[]>;
  start(): void;
  stop(): Promise<void>;
}

interface HookCountsDeps {
  readonly store: Pick<HookStore, "addCounts" | "counts">;
  readonly now: () => number;
  /** Told of each failed write; it is tried again. */
  readonly onError: (error: unknown) => void;
}

type Waiting = Map<string, HookCount>;

/** One write a second for all that came, not one a request. */
export function createHookCounts({ store, now, onError }: HookCountsDeps): HookCounts {
  const waiting = new Map<number, Waiting>();
  let timer: NodeJS.Timeout | undefined;

  function put(workspaceId: number, count: HookCount): void {
    const counts: Waiting = waiting.get(workspaceId) ?? new Map();
    waiting.set(workspaceId, counts);
    const key = `${count.esp} ${count.outcome}`;
    const known = counts.get(key) ?? { total: 0, last_at: 0 };
    const last_at = Math.max(known.last_at, count.last_at);
    counts.set(key, { ...count, total: known.total + count.total, last_at });
  }

  async function flush(): Promise<void> {
    const taken = [...waiting];
    waiting.clear();
    for (const [workspaceId, counts] of taken) {
      try {
        await store.addCounts(workspaceId, [...counts.values()]);
      } catch (error) {
        for (const count of counts.values()) put(workspaceId, count);
        onError(error);
      }
    }
  }

  return {
    add: (workspaceId, esp, outcome) =>
      put(workspaceId, { esp, outcome, total: 1, last_at: now() }),
    move(workspaceId, esp, from, to) {
      // Nothing came: the time of the last arrival stays.
      if (from !== undefined) put(workspaceId, { esp, outcome: from, total: -1, last_at: 0 });
      put(workspaceId, { esp, outcome: to, total: 1, last_at: 0 });
    },
    async read(workspaceId) {
      await flush();
      return store.counts(workspaceId);
    },
    start() {
      timer = setInterval(() => void flush(), FLUSH_MS).unref();
    },
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
