import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recallClick, rememberClick, takeFrom } from "../../src/site/script/click-id.ts";
import { readLayerEntry } from "../../src/site/script/data-layer.ts";
import { createId } from "../../src/site/script/ids.ts";
import { describeLink } from "../../src/site/script/links.ts";
import { isWorthRetrying, keepNewest, retryDelay, takeNext } from "../../src/site/script/outbox.ts";
import { findSearchTerm, isNewPage } from "../../src/site/script/page-url.ts";
import { createThresholds } from "../../src/site/script/thresholds.ts";

const NOW = 1_767_607_200_000;

describe("takeFrom", () => {
  it.each([
    ["https://a.test/?jt=C", "https://a.test/", "C"],
    ["https://a.test/p?a=%20&jt=C&b=+#top", "https://a.test/p?a=%20&b=+#top", "C"],
    ["https://a.test/?jt=C#top", "https://a.test/#top", "C"],
    ["https://a.test/?jt=C&jt=D", "https://a.test/", "C"],
    ["https://a.test/?a=1#jt=C", "https://a.test/?a=1", "C"],
    ["https://a.test/?jt=", "https://a.test/", ""],
  ])("takes it out of %j", (url, rest, clickId) => {
    expect(takeFrom(url, "jt")).toEqual([clickId, rest]);
  });

  it.each(["https://a.test/", "https://a.test/?ajt=C", "https://a.test/jt=C"])(
    "finds none in %j",
    (url) => {
      expect(takeFrom(url, "jt")).toBeUndefined();
    },
  );

  it("remembers a click for half an hour", () => {
    const remembered = rememberClick("C", NOW);
    expect(recallClick(remembered, NOW + 1_799_999)).toBe("C");
    expect(recallClick(remembered, NOW + 1_800_000)).toBeUndefined();
    expect(recallClick(null, NOW)).toBeUndefined();
    expect(recallClick("nonsense", NOW)).toBeUndefined();
  });
});

describe("createId", () => {
  it("sorts by time and differs by chance", () => {
    const bytes = (fill: number) => new Uint8Array(16).fill(fill);
    expect(createId(NOW, bytes(0)) < createId(NOW + 1, bytes(0))).toBe(true);
    expect(createId(NOW, bytes(1))).not.toBe(createId(NOW, bytes(2)));
    expect(createId(NOW, bytes(255))).toMatch(/^[0-9a-z]{24}$/);
  });
});

describe("outbox", () => {
  it("keeps the newest hundred", () => {
    const calls = Array.from({ length: 120 }, (_, index) => `m${index}`);
    expect(keepNewest(calls)).toHaveLength(100);
    expect(keepNewest(calls)).toContain("m119");
  });

  it("splits into requests that browsers queue, losing and reordering none", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30_000), { maxLength: 12 }), (sizes) => {
        const calls = sizes.map((size, index) => `${index}:${"x".repeat(size)}`);
        const sent: string[] = [];
        while (sent.length < calls.length) {
          const next = takeNext(calls.slice(sent.length));
          expect(next.length).toBeGreaterThan(0);
          if (next.length > 1) expect(next.join().length).toBeLessThan(20_020);
          sent.push(...next);
        }
        expect(sent).toEqual(calls);
      }),
    );
  });

  it.each([
    [200, false],
    [400, false],
    [401, false],
    [413, false],
    [408, true],
    [429, true],
    [503, true],
  ])("sends again after an answer of %i: %j", (status, expected) => {
    expect(isWorthRetrying(status)).toBe(expected);
  });

  it("waits as long as the server asks, else longer each time up to 64 s", () => {
    expect(retryDelay(1, "7")).toBe(7000);
    expect([1, 2, 3, 7, 50].map((failures) => retryDelay(failures, null))).toEqual([
      1000, 2000, 4000, 64_000, 64_000,
    ]);
  });
});

describe("isNewPage", () => {
  it.each([
    ["https://a.test/", "https://a.test/b", true],
    ["https://a.test/", "https://a.test/?q=1", true],
    ["https://a.test/", "https://a.test/#top", false],
    ["https://a.test/#/cart", "https://a.test/#/pay", true],
    ["https://a.test/a", "https://a.test/a", false],
  ])("%j to %j: %j", (from, to, expected) => {
    expect(isNewPage(from, to)).toBe(expected);
  });
});

describe("findSearchTerm", () => {
  it.each([
    ["?q=red%20shoes", "red shoes"],
    ["?s=&query=hat", "hat"],
    ["?page=2&q=red+shoes%21", "red shoes!"],
    ["?utm_source=q", undefined],
  ])("finds in %j %j", (search, expected) => {
    expect(findSearchTerm(search)).toBe(expected);
  });
});

describe("describeLink", () => {
  it.each([
    ["https://other.test/x", { name: "click", link_domain: "other.test", outbound: true }],
    ["https://www2.shop.test/x", undefined],
    ["https://help.shop.test/x", undefined],
    ["https://notshop.test/x", { name: "click", link_domain: "notshop.test", outbound: true }],
    ["mailto:a@other.test", undefined],
    [
      "https://shop.test/files/Price-List.PDF?v=2",
      { name: "file_download", file_name: "Price-List.PDF", file_extension: "pdf" },
    ],
    ["https://shop.test/pdf", undefined],
  ])("reads %j", (href, expected) => {
    const { name, ...properties } = expected ?? {};
    expect(describeLink(new URL(href), "www.shop.test")).toEqual(
      expected && [name, { link_url: new URL(href).href, ...properties }],
    );
  });
});

describe("readLayerEntry", () => {
  it.each([
    ["an e-commerce event", { event: "add_to_cart", ecommerce: { value: 5 } }, { value: 5 }],
    ["an event of its own", { event: "add_to_cart", plan: "x", "gtm.id": 1 }, { plan: "x" }],
    ["gtag's arguments", { 0: "event", 1: "add_to_cart", 2: { value: 5 } }, { value: 5 }],
    ["gtag's without properties", { 0: "event", 1: "add_to_cart" }, {}],
  ])("reads %s", (_case, entry, properties) => {
    expect(readLayerEntry(entry)).toEqual(["add_to_cart", properties]);
  });

  it("reads what the visitor agreed to", () => {
    const given = { 0: "consent", 1: "update", 2: { ad_storage: "denied" } };
    expect(readLayerEntry(given)).toEqual(["consent", { ad_storage: "denied" }]);
  });

  it.each([
    { event: "gtm.js" },
    { event: "page_view" },
    { 0: "config", 1: "G-1" },
    { user: 1 },
    null,
    "event",
    () => 0,
  ])("ignores %j", (entry) => {
    expect(readLayerEntry(entry)).toBeUndefined();
  });
});

describe("createThresholds", () => {
  it("tells each threshold once, also those that were jumped over", () => {
    const pass = createThresholds([25, 50, 75, 90]);
    expect([10, 60, 40, 100, 100].map(pass)).toEqual([[], [25, 50], [], [75, 90], []]);
  });
});
