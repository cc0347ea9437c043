import type { KeptCopy } from "../lib/kept-copy.ts";
import type { Keeper } from "../lib/snapshot.ts";
import type { Site } from "./store.ts";

/** What of a site a redirect and its script ask for. */
export type KnownSite = Pick<Site, "workspaceId" | "id" | "hosts" | "collects">;

/**
 * Keeps them on this node's disk: a click carries its parameter to the site, and a site's switch holds, also at a
 * start without the database.
 */
export function keepSites(kept: KeptCopy): Keeper<readonly KnownSite[]> {
  let written: string | undefined;
  return {
    keep(sites) {
      const rows = sites.map(toKnownSite);
      const text = JSON.stringify(rows);
      if (text === written) return;
      written = text;
      kept.write(() => rows);
    },
    async restore() {
      // Only what this node has written itself; `KeptCopy` says when the format is another.
      return (await kept.read()) as readonly KnownSite[] | undefined;
    },
  };
}

function toKnownSite({ workspaceId, id, hosts, collects }: KnownSite): KnownSite {
  return { workspaceId, id, hosts, collects };
}
