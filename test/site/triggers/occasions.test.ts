import { describe, expect, it } from "vitest";
import type { CompiledCondition } from "../../../src/site/script/compiled.ts";
import { DOWNLOADED, type Occasion, OUTBOUND } from "../../../src/site/triggers/occasions.ts";

/** Whether a click with the main button is one, tried as the script tries it. */
function isOne({ when }: Occasion, href: string, pageHost: string): boolean {
  const known: Record<string, Record<string, unknown>> = {
    event: { button: 0 },
    location: { hostname: pageHost },
    "a[href]": Object(new URL(href)),
  };
  const holds = ([test, negated, ...paths]: CompiledCondition): boolean => {
    const text = paths.map(([root, step = ""]) => known[root]?.[step]).join(" ");
    return new RegExp(`${test}`, "is").test(text) !== !!negated;
  };
  return when.every(holds);
}

describe("a click on a link", () => {
  it.each([
    ["https://other.test/x", "www.shop.test", "outbound"],
    ["https://notshop.test/x", "www.shop.test", "outbound"],
    ["https://shop.test.evil.test/", "shop.test", "outbound"],
    ["https://test/", "shop.test", "outbound"],
    ["https://www2.shop.test/x", "www.shop.test", undefined],
    ["https://www.shop.test/x", "shop.test", undefined],
    ["https://help.shop.test/x", "www.shop.test", undefined],
    ["https://shop.test/x", "help.shop.test", "outbound"],
    ["mailto:a@other.test", "www.shop.test", undefined],
    ["https://shop.test/files/Price-List.PDF?v=2", "www.shop.test", "download"],
    ["https://cdn.test/a.tar.gz", "www.shop.test", "download"],
    ["https://other.test/pdf", "www.shop.test", "outbound"],
  ])("to %s from %s: %s", (href, pageHost, expected) => {
    expect([isOne(OUTBOUND, href, pageHost), isOne(DOWNLOADED, href, pageHost)]).toEqual([
      expected === "outbound",
      expected === "download",
    ]);
  });
});
