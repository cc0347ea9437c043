import { inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPacker } from "../../src/email/deflate.ts";

const dictionary = Buffer.from("https://www.example.com/?utm_source=newsletter&utm_medium=email");
const packer = createPacker(dictionary);

/** Text as in URLs, with much that comes again; and any Latin-1 text. */
const texts = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc
    .array(fc.constantFrom("a", "ab", "utm_", "https://www.", "=", "é", "aaaaaaaa"), {
      maxLength: 400,
    })
    .map((pieces) => pieces.join("")),
  fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength: 300 })
    .map((codes) => String.fromCharCode(...codes)),
);

describe("packing", () => {
  it("is what any inflater with the dictionary reads back", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const packed = packer.pack(text);
        expect(inflateRawSync(packed, { dictionary }).toString("latin1")).toBe(text);
        expect(packer.unpack(packed, 20_000).toString("latin1")).toBe(text);
      }),
    );
  });

  it("gives the same bytes whatever was packed before", () => {
    fc.assert(
      fc.property(texts, texts, (text, other) => {
        const alone = createPacker(dictionary).pack(text);
        packer.pack(other);
        expect(packer.pack(text)).toEqual(alone);
      }),
    );
  });

  it.each([
    ["a piece of the dictionary", "https://www.example.com/?utm_source=newsletter", 4],
    ["one character over and over, up to the longest match and beyond", "a".repeat(1000), 12],
    ["the longest text", "x".repeat(16_000), 120],
  ])("makes %s short", (_case, text, most) => {
    const packed = packer.pack(text);
    expect(packed.length).toBeLessThanOrEqual(most);
    expect(packer.unpack(packed, 16_000).toString("latin1")).toBe(text);
  });

  it("refuses a longer text, and the bytes of one that is longer than expected", () => {
    expect(() => packer.pack("x".repeat(16_001))).toThrow(RangeError);
    expect(() => packer.unpack(packer.pack("x".repeat(500)), 499)).toThrow();
  });
});
