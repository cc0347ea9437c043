import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toPattern } from "../../../src/site/triggers/patterns.ts";

/** As the script tries it. */
const fits = (pattern: string, text: string): boolean => new RegExp(pattern, "is").test(text);

describe("toPattern", () => {
  it.each([
    ["equals", "/a.b", "/A.B", true],
    ["equals", "/a.b", "/aXb", false],
    ["equals", "/a", "/a/", false],
    ["contains", "a+b", "1 a+b 2", true],
    ["contains", "a+b", "aab", false],
    ["starts_with", "/pricing", "/Pricing/eu", true],
    ["starts_with", "/pricing", "/x/pricing", false],
    ["ends_with", ".pdf", "/list.PDF", true],
    ["ends_with", ".pdf", "/list.pdf?x", false],
    ["matches", "/shop/*/buy", "/shop/shoes/buy", true],
    ["matches", "/shop/*/buy", "/shop/shoes/buy/x", false],
    ["matches", "*a*a*", "a", false],
    ["matches", "*a*a*", "xaxax", true],
    ["matches", "/a | /b/*", "/b/c", true],
    ["matches", "/a|/b", "/c", false],
    ["matches", "*", "", true],
    ["matches", "*.pdf", "line\nbreak.pdf", true],
    ["matches", "a*1*0", "a10", true],
    ["present", "", "x", true],
    ["present", "", "", false],
  ] as const)("%s %j, tried on %j: %j", (comparison, value, text, expected) => {
    expect(fits(toPattern(comparison, value), text)).toBe(expected);
  });

  it("takes every value as text, whatever a regular expression would make of it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, value, after) => {
        expect(fits(toPattern("contains", value), before + value + after)).toBe(true);
        expect(fits(toPattern("equals", value), value)).toBe(true);
        expect(fits(toPattern("starts_with", value), value + after)).toBe(true);
        expect(fits(toPattern("ends_with", value), before + value)).toBe(true);
      }),
    );
  });

  it("matches as a plain search for the pieces does", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "1", ".") });
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 5 }), letters, (pieces, text) => {
        const glob = pieces.join("*");
        expect(fits(toPattern("matches", glob), text)).toBe(globFits(glob, text));
      }),
    );
  });

  it("takes linear time in the longest text that it is tried on, however many stars it has", () => {
    const pattern = toPattern("matches", `${"*a".repeat(200)}!`);
    const text = "a!".repeat(1000);
    const before = performance.now();
    for (let round = 0; round < 10; round++) fits(pattern, `${text}x`);
    expect((performance.now() - before) / 10).toBeLessThan(50);
  });
});

/** The textbook's way: the earliest place of each piece, the last piece at the end. */
function globFits(glob: string, text: string): boolean {
  const [first = "", ...rest] = glob.split("*");
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return text.length - at >= last.length && text.endsWith(last);
}
