import type { SkipReason } from "./eligibility.ts";
import type { LinkList } from "./link-list.ts";
import type { RewriteOptions } from "./options.ts";
import type { WarningList } from "./warnings.ts";

/** One change of a mail; edits are in order and never overlap. `start === end` inserts. */
export type Edit =
  | { readonly start: number; readonly end: number; readonly text: string }
  | { readonly start: number; readonly end: number; readonly link: number; readonly query: string }
  | { readonly start: number; readonly end: number; readonly insert: "open_pixel" | "honeypot" };

/** A link that was left alone, and why. */
export interface SkippedLink {
  readonly url: string;
  readonly reason: SkipReason;
  readonly offset: number;
}

/** By `comparableUrl`. */
export type LeftAlone = ReadonlyMap<string, "opt_out" | "unsubscribe">;

/** What planning a part needs beside its text. */
export interface PlanContext {
  readonly options: RewriteOptions;
  /** Our own base URL first, then its aliases. */
  readonly trackingBases: readonly string[];
  readonly links: LinkList;
  readonly warnings: WarningList;
  /** Reads a piece of a source that was not decoded by its charset; see `createPieceReader`. */
  readonly readPiece?: ((piece: string) => string) | undefined;
}

/** The changes of one part of a mail. */
export interface Plan {
  readonly edits: readonly Edit[];
  readonly skipped: readonly SkippedLink[];
  /** Addresses whose element said to leave them alone: the text part does so too. */
  readonly leftAlone: LeftAlone;
}

/** The query by which merge tags travel on our URL: `?m0=…&m1=…`. */
export function slotQuery(tags: readonly string[], separator: "&" | "&amp;"): string {
  if (tags.length === 0) return "";
  return `?${tags.map((tag, number) => `m${number}=${tag}`).join(separator)}`;
}
