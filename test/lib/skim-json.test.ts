import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createKeyLookup,
  isArrayAt,
  isObjectAt,
  NOT_PLAIN,
  skipArray,
  skipObject,
  skipScalar,
  skipSpace,
} from "../../src/lib/skim-json.ts";

function skipValue(bytes: Buffer, at: number): number {
  if (isObjectAt(bytes, at)) {
    return skipObject(bytes, at, (_bytes, _key, value) => skipValue(bytes, value), null);
  }
  return isArrayAt(bytes, at) ? skipArray(bytes, at, skipValue, null) : skipScalar(bytes, at);
}

function isPlainJson(text: string): boolean {
  const bytes = Buffer.from(text);
  const end = skipValue(bytes, skipSpace(bytes, 0));
  return end !== NOT_PLAIN && skipSpace(bytes, end) === bytes.length;
}

const isPlainNumber = (number: number) => !String(number).includes("e");

describe("a way through JSON", () => {
  it.each([
    ["white space everywhere", ' \t\r\n{ "a" : [ 1 , { } , [ ] ] , "b" : null } \n'],
    ["escapes in texts", '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00"}'],
    ["a key with other characters", '{"ключ":"значение"}'],
    ["numbers", "[0,-0,10,-1.50,0.000001,12345678901234567890]"],
    ["words", "[true,false,null]"],
    ["a text alone", '"a"'],
  ])("passes %s", (_case, text) => {
    expect(isPlainJson(text)).toBe(true);
    JSON.parse(text);
  });

  it.each([
    ["nothing", ""],
    ["a value that is cut off", '{"a":tru'],
    ["a text that is cut off", '{"a":"b'],
    ["a text that ends with a backslash", '{"a":"b\\'],
    ["an escape that is none", '"\\x"'],
    ["an escape of three digits", '"\\u123"'],
    ["an escape cut off", '"\\u12'],
    ["a control character in a text", '"a\nb"'],
    ["a comma too many", '{"a":1,}'],
    ["a comma in an empty array", "[,]"],
    ["no colon", '{"a" 1}'],
    ["no comma", "[1 2]"],
    ["a key without quotes", "{a:1}"],
    ["a leading zero", "[01]"],
    ["a point without digits", "[1.]"],
    ["a sign alone", "[-]"],
    ["a plus sign", "[+1]"],
    ["the wrong bracket", '{"a":1]'],
    ["another value behind it", "{} {}"],
    ["white space that JSON does not know", "\u00a0{}"],
  ])("stops at %s, as JSON.parse does", (_case, text) => {
    expect(isPlainJson(text)).toBe(false);
    expect(() => JSON.parse(text)).toThrow();
  });

  it.each([
    ["an exponent", "[1e3]"],
    ["a key with an escape", '{"\\u0061":1}'],
    ["a number longer than any", `[${"9".repeat(400)}]`],
  ])("stops at %s, which is JSON but not plain", (_case, text) => {
    expect(isPlainJson(text)).toBe(false);
    JSON.parse(text);
  });

  it("passes whatever JSON.stringify writes of plain values", () => {
    const number = fc.double({ noDefaultInfinity: true, noNaN: true }).filter(isPlainNumber);
    const text = fc.string({ unit: "binary" });
    const scalar = fc.oneof(number, text, fc.boolean(), fc.constant(null), fc.integer());
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 5 }, scalar, tie("list"), tie("object")),
      list: fc.array(tie("value")),
      object: fc.dictionary(fc.string({ unit: "grapheme" }).filter(isPlainKey), tie("value")),
    }));
    fc.assert(
      fc.property(value, fc.constantFrom(0, 1, 2), (given, indent) => {
        expect(isPlainJson(JSON.stringify(given, null, indent))).toBe(true);
      }),
    );
  });

  it("passes nothing that JSON.parse refuses", () => {
    const piece = fc.constantFrom(...'{}[],:" \n\\u09aet-.+', "true", "null", '"a"', '"a":', "1.5");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        if (isPlainJson(text)) JSON.parse(text);
      }),
      { numRuns: 20_000 },
    );
  });
});

function isPlainKey(key: string): boolean {
  return JSON.stringify(key) === `"${key}"`;
}

describe("createKeyLookup", () => {
  const find = createKeyLookup([
    ["event", 1],
    ["events", 2],
    ["__proto__", 3],
  ]);

  it.each([
    ['event"', 1],
    ['events":', 2],
    ['__proto__"', 3],
    ['even"', undefined],
    ["event", undefined],
    ["", undefined],
  ])("finds in %j the value %j", (text, expected) => {
    expect(find(Buffer.from(text), 0)).toBe(expected);
  });
});
