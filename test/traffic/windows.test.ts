import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mostDistinct } from "../../src/traffic/windows.ts";

describe("mostDistinct", () => {
  it.each([
    ["both ends belong to the span", [0, 1000], 1000, [2, 2]],
    ["a span is one-sided", [0, 900, 1800], 1000, [2, 2, 2]],
    ["a later crowd leaves an early one alone", [0, 5000, 5001, 5002], 1000, [1, 3, 3, 3]],
    ["nothing", [], 1000, []],
  ])("%s", (_says, times, ms, expected) => {
    const moments = times.map((at, index) => ({ at, key: String(index) }));
    expect(mostDistinct(moments, ms)).toEqual(expected);
  });

  it("counts a key once", () => {
    const moments = [0, 100, 200].map((at) => ({ at, key: "same" }));
    expect(mostDistinct(moments, 1000)).toEqual([1, 1, 1]);
  });

  it("finds what trying every span finds", () => {
    const moment = fc.record({
      at: fc.integer({ min: 0, max: 40 }),
      key: fc.constantFrom("a", "b", "c", "d"),
    });
    fc.assert(
      fc.property(
        fc.array(moment, { maxLength: 20 }),
        fc.integer({ min: 0, max: 15 }),
        (list, ms) => {
          const moments = list.sort((a, b) => a.at - b.at);
          expect(mostDistinct(moments, ms)).toEqual(
            moments.map(({ at }) => tryEverySpan(moments, at, ms)),
          );
        },
      ),
    );
  });
});

function tryEverySpan(
  moments: readonly { at: number; key: string }[],
  at: number,
  ms: number,
): number {
  const counts = Array.from({ length: ms + 1 }, (_, back) => {
    const from = at - back;
    const inside = moments.filter((other) => other.at >= from && other.at <= from + ms);
    return new Set(inside.map(({ key }) => key)).size;
  });
  return Math.max(...counts);
}
