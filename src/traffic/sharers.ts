import type { Verdict } from "./define.ts";
import type { HitRow, KeySpan, TrafficStore } from "./store.ts";

/** The signal of an address that a crowd shares, and how many contacts make one; see the catalog. */
const CROWD_SIGNAL = "ip_fanout_mass";
const CROWD = 20;

/** At most half the span that contacts are counted in, so that each such span ends inside a piece on one side only. */
const PIECE_MS = 5000;

/** Clicks of a span that are simply read, and clicks at each end of a piece of one with more. */
const LIMITS = { dense: 2000, end: 100 };

/** Whether a hit came from a crowd's address: further hits of it can change nothing about this one. */
export function isCrowded(verdict: Verdict | undefined): boolean {
  return verdict?.reasons.some(({ signal }) => signal === CROWD_SIGNAL) ?? false;
}

/**
 * Reads who clicked from these addresses, as far as it matters to how many contacts did at once, which is counted
 * up to 20: of a proxy that brings thousands of clicks a second only a few hundred are read.
 *
 * Exact all the same. Where a piece lies whole inside the span of a count, its first 20 contacts are a crowd. Where
 * the count ends inside the piece, the contacts that are counted are the earliest; where it begins there, the latest.
 */
export async function readSharers(
  spans: readonly KeySpan[],
  store: Pick<TrafficStore, "clicksOfAddresses" | "denseAddresses" | "endsOfAddress">,
  limits = LIMITS,
): Promise<HitRow[]> {
  const dense = await store.denseAddresses(spans, limits.dense);
  const nameOf = ({ key, from }: KeySpan) => `${from} ${key}`;
  const names = new Set(dense.map(nameOf));
  const rows = await Promise.all([
    store.clicksOfAddresses(spans.filter((span) => !names.has(nameOf(span)))),
    ...dense.flatMap(cutIntoPieces).map((piece) => readPiece(piece, store, limits.end)),
  ]);
  return rows.flat();
}

function cutIntoPieces({ key, from, to }: KeySpan): KeySpan[] {
  const count = Math.floor((to - from) / PIECE_MS) + 1;
  return Array.from({ length: count }, (_, index) => {
    const start = from + index * PIECE_MS;
    return { key, from: start, to: Math.min(to, start + PIECE_MS - 1) };
  });
}

async function readPiece(
  piece: KeySpan,
  store: Pick<TrafficStore, "clicksOfAddresses" | "endsOfAddress">,
  count: number,
): Promise<HitRow[]> {
  const { first, last } = await store.endsOfAddress(piece, count);
  if (first.length < count) return first;
  if (countContacts(first) >= CROWD && countContacts(last) >= CROWD) return [...first, ...last];
  return store.clicksOfAddresses([piece]);
}

/** A link without a contact names nobody; see `traceOf`. */
function countContacts(rows: readonly HitRow[]): number {
  const contacts = rows.map(({ contact_key }) => contact_key);
  return new Set(contacts.filter((contact) => !contact.startsWith("?"))).size;
}
