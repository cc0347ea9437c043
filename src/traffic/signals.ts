import { loadCatalog } from "../lib/catalog.ts";
import type { Signal, SignalDefinition } from "./define.ts";

const FOLDER = new URL("./catalog/", import.meta.url);

/** Reads the catalog of signals, once at start. `burst-certain.ts` is the signal `burst_certain`. */
export async function loadSignals(): Promise<readonly Signal[]> {
  const entries = await loadCatalog(FOLDER, isSignal);
  return entries.map(({ name, entry }) => ({ name: name.replaceAll("-", "_"), ...entry }));
}

function isSignal(value: unknown): value is SignalDefinition {
  return typeof value === "object" && value !== null && "test" in value && "weight" in value;
}
