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

/** Rows of one in a row. */
interface Run {
  readonly from: number;
  readonly everyMs: number;
  readonly who: number;
  readonly rows: number;
}

type Rules = Pick<Crowd<Row>, "signal" | "size" | "pieceMs">;

const CROWDS: { of: string; rules: Rules; windowMs: number }[] = [
  { of: "an address", rules: ADDRESS_CROWD, windowMs: 10_000 },
  { of: "a device", rules: DEVICE_CROWD, windowMs: 60_000 },
];

it.each(CROWDS)(
  "reads few of a crowd behind $of, and all that its counts depend on",
  async ({ rules: { signal, size, pieceMs }, windowMs }) => {
    // Many rows of few in a row: where the ends of a piece name too few, the rest of it matters.
    const runs = fc.array(
      fc.record({
        from: fc.integer({ min: 0, max: 2 * windowMs }),
        everyMs: fc.integer({ min: 0, max: windowMs / 20 }),
        who: fc.nat({ max: size + 5 }),
        rows: fc.oneof(fc.constant(1), fc.integer({ min: 10, max: 40 })),
      }),
      { minLength: 1, maxLength: 2 * size },
    );
    // The count begins, or ends, inside a piece whose other end is a crowd, and whose near one is one busy visitor.
    const many = (from: number, count: number, firstWho: number): Run[] =>
      Array.from({ length: count }, (_, n) => ({ from, everyMs: 0, who: firstWho + n, rows: 1 }));
    const busy = (from: number): Run => ({ from, everyMs: 0, who: 99, rows: 30 });
    const judgedAt = windowMs + 0.4 * pieceMs;
    const example = (...given: Run[]): [Run[], number, number, number[]] => [
      given,
      judgedAt,
      0.4 * pieceMs,
      [size],
    ];
    const crowdBefore = example(
      ...many(0, size, 0),
      ...many(pieceMs / 2, size - 1, size),
      busy(pieceMs - 1),
    );
    const crowdBehind = example(
      busy(4 * pieceMs),
      ...many(4.2 * pieceMs, size - 1, 0),
      ...many(4.9 * pieceMs, size, size),
    );
    await fc.assert(
      fc.asyncProperty(
        runs,
        fc.nat({ max: 3 * windowMs }),
        fc.nat({ max: 2 * windowMs }),
        fc.array(fc.integer({ min: 1, max: 2 * size }), { maxLength: 2 }),
        async (given, judgedAt, before, ends) => {
          const rows = given
            .flatMap(({ from, everyMs, who, rows: count }) =>
              Array.from({ length: count }, (_, n) => ({ at: from + n * everyMs, who: `w${who}` })),
            )
            .map(({ at, who }, seq) => ({ seq, occurred_at: at, who }));
          const judged = { seq: -1, occurred_at: judgedAt, who: "judged" };
          // Longer than this one needs: it is joined with the spans of others.
          const span = {
            key: "a",
            from: judgedAt - windowMs - before,
            to: judgedAt + 2 * windowMs,
          };
          const whoOf = ({ who }: Row) => who;
          const crowd = { signal, size, pieceMs, whoOf, dense: 40, ends };
          const read = await readSharers([span], readsOf(rows), crowd);
          const count = (near: readonly Row[]) =>
            Math.min(size, countAround(judged, near, windowMs));
          expect(count(read)).toBe(count(rows));
        },
      ),
      { numRuns: 1000, examples: [crowdBefore, crowdBehind] },
    );
  },
);

it("reads a long quiet span at once, however many rows it holds", async () => {
  const rows = Array.from({ length: 5000 }, (_, n) => ({
    seq: n,
    occurred_at: n * 17_000,
    who: "w",
  }));
  const span = { key: "a", from: 0, to: 5000 * 17_000 };
  let asked = 0;
  const counted = <A extends unknown[], R>(read: (...args: A) => R) => {
    return (...args: A): R => {
      asked += 1;
      return read(...args);
    };
  };
  const { within, dense, ends } = readsOf(rows);
  const reads = { within: counted(within), dense: counted(dense), ends: counted(ends) };
  const crowd = { ...DEVICE_CROWD, whoOf: ({ who }: Row) => who };
  expect(await readSharers([span], reads, crowd)).toHaveLength(5000);
  expect(asked).toBe(2);
});

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
