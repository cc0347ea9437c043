import type { Caller } from "../lib/caller.ts";
import type { Clock } from "../lib/clock.ts";
import type { AccessStore } from "./store.ts";

/** Keeps `last_used_at` of API keys: written once a minute a key, never in a request's way. */
export interface KeyUsage {
  note(caller: Caller): void;
  start(): void;
  stop(): void;
}

const FLUSH_MS = 60_000;

/** @param onError told when a write failed; that minute of `last_used_at` is then lost, nothing else */
export function createKeyUsage(
  store: AccessStore,
  now: Clock,
  onError: (error: unknown) => void,
): KeyUsage {
  const used = new Map<string, { caller: Caller; at: number }>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    const batch = [...used.values()];
    used.clear();
    for (const { caller, at } of batch) await store.markUsed(caller.workspaceId, caller.id, at);
  }

  return {
    note(caller) {
      used.set(`${caller.workspaceId}/${caller.id}`, { caller, at: now() });
    },
    start() {
      timer = setInterval(() => void flush().catch(onError), FLUSH_MS);
      timer.unref();
    },
    stop() {
      clearInterval(timer);
    },
  };
}
