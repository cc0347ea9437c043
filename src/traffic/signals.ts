import { loadCatalog } from "../lib/catalog.ts";
import type { Signal, SignalDefinition } from "./define.ts";
import { SETTLED_TEXTS } from "./prefetch.ts";
import { SITE_SIGNAL_TEXTS } from "./site-reasons.ts";
import { FLOOD } from "./tally.ts";

const FOLDER = new URL("./catalog/", import.meta.url);

/** Reads the catalog of signals, once at start. `burst-certain.ts` is the signal `burst_certain`. */
export async function loadSignals(): Promise<readonly Signal[]> {
  const entries = await loadCatalog(FOLDER, isSignal);
  return entries.map(({ name, entry }) => ({ name: name.replaceAll("-", "_"), ...entry }));
}

/** What every reason of a verdict means, by its name; for people. */
export function describeSignals(signals: readonly Signal[]): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(SITE_SIGNAL_TEXTS),
    ...Object.entries(SETTLED_TEXTS),
    ...signals.map(({ name, says }) => [name, says] as const),
    [FLOOD, "A flood on one link, counted and not kept one by one"],
  ]);
}

function isSignal(value: unknown): value is SignalDefinition {
  return typeof value === "object" && value !== null && "test" in value && "weight" in value;
}
