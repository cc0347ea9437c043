import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { recallClick, rememberClick, takeFrom } from "../../src/site/script/click-id.ts";
import { readLayerEntry } from "../../src/site/script/data-layer.ts";
import { createId } from "../../src/site/script/ids.ts";
import {
  isWorthRetrying,
  readWaiting,
  retryDelay,
  takeNext,
  writeWaiting,
} from "../../src/site/script/outbox.ts";
import { pageOf } from "../../src/site/script/page-url.ts";

const NOW = 1_767_607_200_000;

describe("takeFrom", () => {
  it.each([
    ["https://a.test/?jt=C", "https://a.test/", "C"],
    ["https://a.test/p?a=%20&jt=C&b=+#top", "https://a.test/p?a=%20&b=+#top", "C"],
    ["https://a.test/?jt=C#top", "https://a.test/#top", "C"],
    ["https://a.test/?jt=C&jt=D", "https://a.test/", "C"],
    ["https://a.test/?jt=C&a=1&jt=D", "https://a.test/?a=1", "C"],
    ["https://a.test/?a=1#jt=C", "https://a.test/?a=1", "C"],
    ["https://a.test/?jt=", "https://a.test/", ""],
  ])("takes it out of %j", (url, rest, clickId) => {
    expect(takeFrom(url, "jt")).toEqual([clickId, rest]);
  });

  it.each(["https://a.test/", "https://a.test/?ajt=C", "https://a.test/jt=C"])(
    "finds none in %j",
    (url) => {
      expect(takeFrom(url, "jt")).toEqual([undefined, url]);
    },
  );

  it("remembers a click for half an hour", () => {
    const remembered = rememberClick("C", NOW);
    expect(recallClick(remembered, NOW + 1_799_999)).toBe("C");
    expect(recallClick(remembered, NOW + 1_800_000)).toBeUndefined();
    expect(recallClick(undefined, NOW)).toBeUndefined();
    expect(recallClick("nonsense", NOW)).toBeUndefined();
  });
});

describe("createId", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("sorts by time and differs by chance", () => {
    vi.useFakeTimers({ now: NOW });
    const ids = [createId(), createId()];
    vi.setSystemTime(NOW + 1);
    const later = createId();
    expect(ids[0]).not.toBe(ids[1]);
    for (const id of ids) {
      expect(id < later).toBe(true);
      expect(id).toMatch(/^[0-9a-z]{24}$/);
    }
  });
});

describe("outbox", () => {
  it("keeps the newest hundred", () => {
    const calls = Array.from({ length: 120 }, (_, index) => `m${index}`);
    const kept = readWaiting(writeWaiting(calls));
    expect(kept).toHaveLength(100);
    expect(kept).toContain("m119");
  });

  it.each([undefined, "", writeWaiting([])])("has nothing waiting in %j", (stored) => {
    expect(readWaiting(stored)).toEqual([]);
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
    expect(retryDelay(0, "7")).toBe(7000);
    expect([0, 1, 2, 6, 49].map((failures) => retryDelay(failures, null))).toEqual([
      1000, 2000, 4000, 64_000, 64_000,
    ]);
  });
});

describe("pageOf", () => {
  it.each([
    ["https://a.test/", "https://a.test/b", true],
    ["https://a.test/", "https://a.test/?q=1", true],
    ["https://a.test/", "https://a.test/#top", false],
    ["https://a.test/#/cart", "https://a.test/#/pay", true],
    ["https://a.test/a", "https://a.test/a", false],
  ])("tells %j and %j apart: %j", (from, to, expected) => {
    expect(pageOf(from) !== pageOf(to)).toBe(expected);
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
