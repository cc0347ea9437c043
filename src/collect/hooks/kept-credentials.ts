import type { KeptCopy } from "../../lib/kept-copy.ts";
import type { Keeper } from "../../lib/snapshot.ts";

/** Credentials by workspace and provider, each sealed. */
export type SealedCredentials = ReadonlyMap<string, string>;

/** Keeps them on this node's disk, sealed as in the table: reports are verified also at a start without the database. */
export function keepCredentials(kept: KeptCopy): Keeper<SealedCredentials> {
  let written: string | undefined;
  return {
    keep(credentials) {
      const rows = [...credentials];
      const text = JSON.stringify(rows);
      if (text === written) return;
      written = text;
      kept.write(() => rows);
    },
    async restore() {
      // Only what this node has written itself; `KeptCopy` says when the format is another.
      const rows = (await kept.read()) as readonly (readonly [string, string])[] | undefined;
      return rows && new Map(rows);
    },
  };
}
