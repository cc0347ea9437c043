import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toCsvLine } from "../../src/lib/csv.ts";

describe("a line of CSV", () => {
  it.each([
    ["plain", ["a", 1, true], "a,1,true\r\n"],
    ["nothing", [null, undefined, ""], ",,\r\n"],
    ["what must be quoted", ['a"b', "c,d", "e\nf"], '"a""b","c,d","e\nf"\r\n'],
    ["JSON", [{ a: 1 }, ["x"]], '"{""a"":1}","[""x""]"\r\n'],
    ["a formula is text", ["=1+1", "@x", "-1+2", -5, "-x_Y"], "'=1+1,'@x,'-1+2,-5,-x_Y\r\n"],
  ])("%s", (_case, values, expected) => {
    expect(toCsvLine(values)).toBe(expected);
  });

  it("reads back as it was, but for formulas", () => {
    const text = fc.string().filter((value) => !/^[=+\-@\t\r]/.test(value));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (values) => {
        expect(readCsvLine(toCsvLine(values))).toEqual(values);
      }),
    );
  });
});

/** A reader of RFC 4180 of its own. */
function readCsvLine(line: string): string[] {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n)/y;
  for (let match = cell.exec(line); match; match = cell.exec(line)) {
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "\r\n") break;
  }
  return cells;
}
