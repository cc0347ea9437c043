import type { Flag } from "./fact.ts";

/** A row of `identity_flags`: `about` is a JSON array of texts, a contact its number. */
export interface FlagRow {
  readonly [column: string]: string;
  readonly scope: string;
  readonly kind: string;
  readonly about: string;
}

/** The row of a finding. */
export function toFlagRow(scope: string, { kind, about }: Flag): FlagRow {
  return { scope, kind, about: JSON.stringify(about) };
}
