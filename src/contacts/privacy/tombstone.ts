import type { Refs } from "../../lib/refs.ts";

const DAY_MS = 86_400_000;

/** The event id of a tombstone: a hash of the key, so that the same fact is known when it comes again. */
export function hashEventKey(
  refs: Refs,
  { source_id, event_id }: { readonly source_id: string; readonly event_id: string },
): string {
  return `erased-${refs.erased("event", `${source_id}\0${event_id}`)}`;
}

/** The moment of a tombstone: its day, in UTC, so that retention still finds it. */
export function dayOf(at: number): number {
  return at - (at % DAY_MS);
}
