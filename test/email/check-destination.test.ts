import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkDestination, slotsOf } from "../../src/email/check-destination.ts";
import { createTrackedTest } from "../../src/email/rewrite/eligibility.ts";

const isTracked = createTrackedTest(["https://t.example", "https://click.brand.example/x"]);
const check = (url: string, slots: readonly string[] = []) =>
  checkDestination(url, { pointer: "/destination", slots, isTracked });

describe("a destination given after the send", () => {
  it.each([
    ["stays as it is written", "HTTPS://Shop.test/a?q='x'&&b#f", "HTTPS://Shop.test/a?q='x'&&b#f"],
    ["loses what a browser ignores", " https://shop.test/\na ", "https://shop.test/a"],
    ["becomes ASCII", "https://bücher.test/ü?q=ü", "https://xn--bcher-kva.test/%C3%BC?q=%C3%BC"],
    ["may be on our host, off the tracked paths", "https://t.example/a", "https://t.example/a"],
    ["keeps literal braces", "https://shop.test/{id}", "https://shop.test/{id}"],
  ])("%s", (_case, given, expected) => {
    expect(check(given)).toBe(expected);
  });

  it.each([
    ["no URL", "shop.test", "absolute http(s) URL"],
    ["another scheme", "javascript:alert(1)", "absolute http(s) URL"],
    ["a scheme alone", "https:shop.test", "absolute http(s) URL"],
    ["no scheme", "//shop.test/", "absolute http(s) URL"],
    ["credentials", "https://me:pw@shop.test/", "without user name"],
    ["a link of ours", "https://t.example/c/abc/def", "tracked link of ours"],
    [
      "a link of ours on an alias",
      "https://click.brand.example/x/o/a/b.gif",
      "tracked link of ours",
    ],
    ["a slot of a link without any", "https://shop.test/{0}", "carries no merge tags"],
  ])("is refused when it is %s", (_case, given, words) => {
    expect(() => check(given)).toThrow(
      expect.objectContaining({
        code: "invalid_url",
        status: 422,
        message: expect.stringContaining(words),
      }),
    );
  });

  it("points at the field, and names the limit of its length", () => {
    expect(() => check(`https://shop.test/${"a".repeat(8192)}`)).toThrow(
      expect.objectContaining({
        code: "url_too_long",
        errors: [{ pointer: "/destination", message: "Expected at most 8192 characters." }],
      }),
    );
  });

  it("may hold the slots of the mail's link, behind the host", () => {
    expect(check("https://shop.test/ü/{1}?a={0}", ["{0}", "{1}"])).toBe(
      "https://shop.test/%C3%BC/{1}?a={0}",
    );
    expect(() => check("https://shop.test/{2}", ["{0}", "{1}"])).toThrow(/it has \{0\}, \{1\}/);
    expect(() => check("https://{0}.test/", ["{0}"])).toThrow(/never in the host/);
    expect(() => check("https://shop.test{0}/", ["{0}"])).toThrow(/never in the host/);
  });

  it("is printable ASCII whatever is given, and checked twice is the same", () => {
    fc.assert(
      fc.property(
        fc.webUrl({ withQueryParameters: true, withFragments: true }),
        fc.string(),
        (url, tail) => {
          const slots = slotsOf(url + tail);
          const once = check(url + tail, slots);
          expect(once).toMatch(/^[!-~]+$/);
          expect(check(once, slots)).toBe(once);
          expect(slotsOf(once)).toEqual(slots);
        },
      ),
    );
  });
});
