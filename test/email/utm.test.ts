import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addUtm, isSignedUrl, utmSlug } from "../../src/email/utm.ts";

const utm = { utm_source: "news", utm_campaign: "spring sale" };
const tagged = "utm_source=news&utm_campaign=spring%20sale";

describe("addUtm", () => {
  it.each([
    ["a bare host", "https://a.test", `https://a.test?${tagged}`],
    ["before the fragment", "https://a.test/#/r?x=1", `https://a.test/?${tagged}#/r?x=1`],
    ["an empty query", "https://a.test/p?", `https://a.test/p?${tagged}`],
    ["a trailing &", "https://a.test/?a&", `https://a.test/?a&${tagged}`],
    [
      "the sender's own value wins",
      "https://a.test/?UTM_Source=x",
      "https://a.test/?UTM_Source=x&utm_campaign=spring%20sale",
    ],
    [
      "an encoded key counts",
      "https://a.test/?utm%5Fsource=x",
      "https://a.test/?utm%5Fsource=x&utm_campaign=spring%20sale",
    ],
    [
      "existing encoding kept",
      "https://a.test/?q=a%20b&s=A%2B+%",
      `https://a.test/?q=a%20b&s=A%2B+%&${tagged}`,
    ],
  ])("%s", (_case, href, expected) => {
    expect(addUtm(href, utm)).toBe(expected);
  });

  it("replaces every old value in overwrite", () => {
    expect(addUtm("https://a.test/?utm_source=1&b&utm_source=2", utm, "overwrite")).toBe(
      `https://a.test/?b&${tagged}`,
    );
  });

  it("adds nothing when off or when a value is empty", () => {
    expect(addUtm("https://a.test/", utm, "off")).toBe("https://a.test/");
    expect(addUtm("https://a.test/", { utm_source: "" })).toBe("https://a.test/");
  });

  it.each(["fill", "overwrite"] as const)("tags once however often it runs: %s", (mode) => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (href) => {
        const once = addUtm(href, utm, mode);
        expect(addUtm(once, utm, mode)).toBe(once);
      }),
    );
  });

  it.each(["https://a.test/?&", "https://a.test/?a=1&&", "https://a.test/?&utm_source=x"])(
    "keeps the empty pairs of %j through a second overwrite",
    (href) => {
      const once = addUtm(href, utm, "overwrite");
      expect(addUtm(once, utm, "overwrite")).toBe(once);
    },
  );

  it("encodes anything a value may hold", () => {
    expect(addUtm("https://a.test/", { utm_term: "a\r\nb&c#\uD800" })).toBe(
      "https://a.test/?utm_term=a%0D%0Ab%26c%23%EF%BF%BD",
    );
  });
});

describe("isSignedUrl", () => {
  it.each([
    ["https://a.test/?X-Amz-Signature=1", true],
    ["https://a.test/?x-goog-signature=1", true],
    ["https://a.test/?Signature=1&Key-Pair-Id=2", true],
    ["https://a.test/?Signature=1&Expires=2", true],
    ["https://a.test/?Signature=1", false],
    ["https://a.test/?sig=1&token=2", false],
  ])("%s: %s", (href, signed) => {
    expect(isSignedUrl(href)).toBe(signed);
  });
});

describe("utmSlug", () => {
  it.each([
    ["Read more!", "read-more"],
    ["  50 % off & Größe ", "50-off-größe"],
    ["→", ""],
  ])("%j gives %j", (text, slug) => {
    expect(utmSlug(text)).toBe(slug);
  });
});
