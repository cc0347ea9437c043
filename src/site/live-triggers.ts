import type { CompiledTrigger } from "./script/compiled.ts";
import type { Site } from "./store.ts";
import { compileTriggers } from "./triggers/compile.ts";
import type { Trigger } from "./triggers/schema.ts";

/** The published triggers of every site, compiled, by workspace and site. */
export type LiveTriggers = ReadonlyMap<string, LiveVersion>;

interface LiveVersion {
  readonly version: number;
  readonly triggers: readonly CompiledTrigger[];
}

/** The key of a site in `LiveTriggers`. */
export function siteKey({ workspaceId, id }: Pick<Site, "workspaceId" | "id">): string {
  return `${workspaceId}/${id}`;
}

/**
 * Loads what was published since the last time; versions never change, so what is known stays.
 *
 * @param read the triggers of one version
 */
export async function loadLiveTriggers(
  sites: readonly Site[],
  known: LiveTriggers,
  read: (site: Site, version: number) => Promise<readonly Trigger[]>,
): Promise<LiveTriggers> {
  const entries = sites.map(async (site): Promise<[string, LiveVersion] | undefined> => {
    const { liveVersion } = site;
    if (liveVersion === null) return undefined;
    const key = siteKey(site);
    const before = known.get(key);
    if (before?.version === liveVersion) return [key, before];
    const triggers = compileTriggers(await read(site, liveVersion));
    return [key, { version: liveVersion, triggers }];
  });
  return new Map((await Promise.all(entries)).filter((entry) => entry !== undefined));
}
