import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isolate } from "../../src/lib/isolate.ts";

const [FSI, PDI] = ["\u2068", "\u2069"];

describe("isolate", () => {
  it.each([
    ["a name that runs from left to right stays as it is", "Ana Müller (2)", "Ana Müller (2)"],
    ["Chinese too", "王小明", "王小明"],
    ["Hebrew", "דנה 42", `${FSI}דנה 42${PDI}`],
    ["Arabic", "مرحبا!", `${FSI}مرحبا!${PDI}`],
    ["a Latin name with one Arabic word", "Ana مرحبا", `${FSI}Ana مرحبا${PDI}`],
    ["Adlam, beyond the first plane", "\u{1E900}\u{1E901}", `${FSI}\u{1E900}\u{1E901}${PDI}`],
    ["an override is taken out", "photo\u202Egpj.exe", "photogpj.exe"],
    ["so are one that ends and stray ends", "\u202Aa\u202C\u2069b\u2066", "ab"],
    ["an end before Hebrew lets nothing out", "\u2069דנה\u2067", `${FSI}דנה${PDI}`],
    ["a paragraph would end the isolate", "דנה\nכהן\u2029!", `${FSI}דנה כהן !${PDI}`],
    ["a mark of direction alone", "\u200F(", `${FSI}\u200F(${PDI}`],
  ])("%s", (_case, text, expected) => {
    expect(isolate(text)).toBe(expected);
  });

  it("is balanced whatever comes, and says the same twice", () => {
    const nasty = fc.constantFrom(
      ..."aא٣(\n\u2029\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069",
    );
    fc.assert(
      fc.property(fc.string({ unit: nasty }), (text) => {
        const once = isolate(text);
        expect(once).toMatch(
          /^(?:\u2068[^\u202A-\u202E\u2066-\u2069\n\u2029]*\u2069|[^\u202A-\u202E\u2066-\u2069]*)$/,
        );
        expect(isolate(once)).toBe(once);
      }),
    );
  });
});
