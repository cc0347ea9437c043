import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/lib/json.ts";

const parse = (text: string) => parseJson(Buffer.from(text), { maxDepth: 4 });
const nested = (levels: number, inner = "") => "[".repeat(levels) + inner + "]".repeat(levels);

describe("parseJson", () => {
  it.each([
    ["at the limit", nested(4)],
    ["brackets in text", nested(4, '"[[{{\\"[["')],
    ["many brackets side by side", `[${"[],".repeat(20_000)}[]]`],
  ])("takes %s", (_case, text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ["one level too many", nested(5)],
    ["objects as well", '{"a":{"a":{"a":{"a":{"a":1}}}}}'],
    ["depth behind many brackets", `[${"[],".repeat(20_000)}${nested(4)}]`],
    ["a million levels that never close", "[".repeat(1e6)],
  ])("refuses %s", (_case, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: "too_deep", status: 400 }));
  });

  it("reads whatever JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        expect(parse(JSON.stringify([value]))).toEqual([JSON.parse(JSON.stringify(value))]);
      }),
    );
  });
});
