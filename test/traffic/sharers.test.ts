import fc from "fast-check";
import { expect, it } from "vitest";
import { ADDRESS_CROWD, type Crowd, DEVICE_CROWD, readSharers } from "../../src/traffic/sharers.ts";
import type { KeySpan, SharerReads } from "../../src/traffic/store-sharers.ts";
import { mostDistinct } from "../../src/traffic/windows.ts";

interface Row {
  readonly seq: number;
  readonly occurred_at: number;
  readonly who: string;
}

type Rules = Pick<Crowd<Row>, "signal" | "size" | "pieceMs">;

const CROWDS: { of: string; rules: Rules; windowMs: number }[] = [
  { of: "an address", rules: ADDRESS_CROWD, windowMs: 10_000 },
  { of: "a device", rules: DEVICE_CROWD, windowMs: 60_000 },
];

it.each(CROWDS)(
  "reads few of a crowd behind $of, and all that its counts depend on",
  async ({ rules: { signal, size, pieceMs }, windowMs }) => {
    const moments = fc.array(
      fc.record({
        at: fc.oneof(
          fc.integer({ min: 0, max: 4 * windowMs }),
          fc.integer({ min: 1.2 * windowMs, max: 1.3 * windowMs }),
        ),
        who: fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 60 })),
      }),
      { minLength: 1, maxLength: 400 },
    );
    await fc.assert(
      fc.asyncProperty(
        moments,
        fc.nat({ max: 4 * windowMs }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 2 }),
        async (others, judgedAt, ends) => {
          const rows = others.map(({ at, who }, seq) => ({ seq, occurred_at: at, who: `w${who}` }));
          const judged = { seq: -1, occurred_at: judgedAt, who: "judged" };
          const span = { key: "a", from: judgedAt - windowMs, to: judgedAt + windowMs };
          const whoOf = ({ who }: Row) => who;
          const crowd = { signal, size, pieceMs, whoOf, dense: 40, ends };
          const read = await readSharers([span], readsOf(rows), crowd);
          const count = (near: readonly Row[]) =>
            Math.min(size, countAround(judged, near, windowMs));
          expect(count(read)).toBe(count(rows));
        },
      ),
      { numRuns: 300 },
    );
  },
);

/** The most different ones at once around a moment, as the signals count them. */
function countAround(judged: Row, others: readonly Row[], windowMs: number): number {
  const unique = [...new Map([...others, judged].map((each) => [each.seq, each])).values()];
  const sorted = unique.sort((a, b) => a.occurred_at - b.occurred_at);
  const counts = mostDistinct(
    sorted.map(({ occurred_at: at, who: key }) => ({ at, key })),
    windowMs,
  );
  return counts[sorted.indexOf(judged)] ?? 0;
}

function readsOf(rows: readonly Row[]): Omit<SharerReads<Row>, "open"> {
  const within = ({ from, to }: KeySpan) =>
    rows.filter(({ occurred_at: at }) => at >= from && at <= to);
  return {
    within: async (spans) => spans.flatMap(within),
    dense: async (spans, most) => spans.filter((span) => within(span).length > most),
    async ends(span, count) {
      const sorted = within(span).sort((a, b) => a.occurred_at - b.occurred_at);
      return { first: sorted.slice(0, count), last: sorted.reverse().slice(0, count) };
    },
  };
}
