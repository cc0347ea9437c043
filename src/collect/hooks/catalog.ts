import { type CatalogEntry, loadCatalog } from "../../lib/catalog.ts";
import type { HookDefinition } from "./define.ts";

const FOLDER = new URL("./catalog/", import.meta.url);

/** Reads the catalog of providers, once at start. `sendgrid.ts` answers at `/v1/hooks/sendgrid`. */
export function loadHooks(): Promise<readonly CatalogEntry<HookDefinition>[]> {
  return loadCatalog(FOLDER, isHook);
}

function isHook(value: unknown): value is HookDefinition {
  return typeof value === "object" && value !== null && "verify" in value && "read" in value;
}
