import type { Verdict } from "./define.ts";
import { MOST_VISITORS, SITE_SPAN_MS } from "./site-neighbours.ts";
import type { HitRow, VisitRow } from "./store.ts";
import type { KeySpan, SharerReads } from "./store-sharers.ts";

/** When so many share a key that one more changes nothing, and how they are read then. */
export interface Crowd<Row> {
  /** The signal that a crowd sets off. */
  readonly signal: string;
  /** Different ones at once that make a crowd. */
  readonly size: number;
  /** Null where a row names nobody. */
  whoOf(row: Row): string | null;
  /** At most half the span that they are counted in, so that each such span ends inside a piece on one side only. */
  readonly pieceMs: number;
  /** Rows of ten pieces that are simply read. */
  readonly dense: number;
  /** Rows at each end of a piece where there are more: so many first, then so many, then all of them. */
  readonly ends: readonly number[];
}

/** Contacts who click from one address; see the catalog. */
export const ADDRESS_CROWD: Crowd<HitRow> = {
  signal: "ip_fanout_mass",
  size: 20,
  // A link without a contact names nobody; see `traceOf`.
  whoOf: ({ contact_key }) => (contact_key.startsWith("?") ? null : contact_key),
  pieceMs: 5000,
  dense: 2000,
  ends: [100],
};

/** Visitors from one address with one browser. Each may have sent many events in a row. */
export const DEVICE_CROWD: Crowd<VisitRow> = {
  signal: "device_rate",
  size: MOST_VISITORS + 1,
  whoOf: ({ visitor }) => visitor,
  pieceMs: SITE_SPAN_MS / 2,
  dense: 2000,
  ends: [50, 400],
};

/** Pieces that are looked at together: a crowd is one by its minute, not by a day of few. */
const PART_PIECES = 10;

/** Whether a verdict says that a crowd was around: further rows of it can change nothing about this one. */
export function isCrowded({ signal }: { signal: string }, verdict: Verdict | undefined): boolean {
  return verdict?.reasons.some((reason) => reason.signal === signal) ?? false;
}

/**
 * Reads who shares these keys, as far as it matters to how many did at once, which is counted up to a crowd's size:
 * of a proxy that brings thousands of clicks a second only a few hundred are read.
 *
 * Exact all the same. Where a piece lies whole inside the span of a count, those at its beginning are a crowd. Where
 * the count ends inside the piece, the ones that are counted are the earliest; where it begins there, the latest.
 */
export async function readSharers<Row>(
  spans: readonly KeySpan[],
  reads: Omit<SharerReads<Row>, "open">,
  crowd: Crowd<Row>,
): Promise<Row[]> {
  const parts = spans.flatMap((span) => cutIntoPieces(span, PART_PIECES * crowd.pieceMs));
  const dense = await reads.dense(parts, crowd.dense);
  const nameOf = ({ key, from }: KeySpan) => `${from} ${key}`;
  const names = new Set(dense.map(nameOf));
  const pieces = dense.flatMap((part) => cutIntoPieces(part, crowd.pieceMs));
  const rows = await Promise.all([
    reads.within(parts.filter((part) => !names.has(nameOf(part)))),
    ...pieces.map((piece) => readPiece(piece, reads, crowd)),
  ]);
  return rows.flat();
}

function cutIntoPieces({ key, from, to }: KeySpan, pieceMs: number): KeySpan[] {
  const count = Math.floor((to - from) / pieceMs) + 1;
  return Array.from({ length: count }, (_, index) => {
    const start = from + index * pieceMs;
    return { key, from: start, to: Math.min(to, start + pieceMs - 1) };
  });
}

async function readPiece<Row>(
  piece: KeySpan,
  reads: Omit<SharerReads<Row>, "open">,
  crowd: Crowd<Row>,
): Promise<Row[]> {
  for (const end of crowd.ends) {
    const { first, last } = await reads.ends(piece, end);
    if (first.length < end) return first;
    if (isCrowd(first, crowd) && isCrowd(last, crowd)) return [...first, ...last];
  }
  return reads.within([piece]);
}

function isCrowd<Row>(rows: readonly Row[], { size, whoOf }: Crowd<Row>): boolean {
  const who = new Set(rows.map(whoOf));
  who.delete(null);
  return who.size >= size;
}
