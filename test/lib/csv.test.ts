import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toCsvLine } from "../../src/lib/csv.ts";

describe("a line of CSV", () => {
  it.each([
    ["plain", ["a", 1, true], "a,1,true\r\n"],
    ["nothing", [null, undefined, ""], ",,\r\n"],
    ["what must be quoted", ['a"b', "c,d", "e\nf"], '"a""b","c,d","e\nf"\r\n'],
    ["JSON", [{ a: 1 }, ["x"]], '"{""a"":1}","[""x""]"\r\n'],
    ["what another separator would split", ["a;=1", "a\t=1"], '"a;=1","a\t=1"\r\n'],
    [
      "numbers and ids stay as they are",
      [-5, "-5.25", "-x_Y-0123456789ab"],
      "-5,-5.25,-x_Y-0123456789ab\r\n",
    ],
  ])("%s", (_case, values, expected) => {
    expect(toCsvLine(values)).toBe(expected);
  });

  it.each([
    "=cmd|'/c calc'!A1",
    "+1+1",
    "-1+1",
    "-1-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\uff1d1+1",
    '"=1',
    ";=1",
  ])("holds a formula as text: %j", (formula) => {
    const line = toCsvLine([formula]);
    expect(line.startsWith("\"'")).toBe(true);
    expect(readCsvLine(line)).toEqual([`'${formula}`]);
  });

  it("reads back as it was, once the apostrophe before a formula is taken away", () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."'=+-@;\"\t 1a") }));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), (values) => {
        expect(readCsvLine(toCsvLine(values)).map(withoutApostrophe)).toEqual(values);
      }),
    );
  });
});

/** What an import does: an apostrophe goes when a formula follows it, behind more apostrophes or not. */
function withoutApostrophe(cell: string): string {
  return /^'(?:'*[\t\r\n]|['";\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])/.test(cell)
    ? cell.slice(1)
    : cell;
}

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
