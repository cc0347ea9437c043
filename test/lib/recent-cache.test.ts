import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRecentCache } from "../../src/lib/recent-cache.ts";

describe("createRecentCache", () => {
  it("never gives another key's value, and always has the newest `size` keys", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 200 }), (keys) => {
        const cache = createRecentCache<number>(5);
        for (const key of keys) cache.set(String(key), key * 10);
        for (const key of new Set(keys.slice(-5))) expect(cache.get(String(key))).toBe(key * 10);
        for (let key = 0; key <= 30; key++)
          expect([undefined, key * 10]).toContain(cache.get(String(key)));
      }),
    );
  });

  it("keeps what is asked for again and again, however much passes by", () => {
    const cache = createRecentCache<string>(10);
    cache.set("hot", "still here");
    for (let key = 0; key < 1000; key++) {
      cache.set(`cold-${key}`, "");
      expect(cache.get("hot")).toBe("still here");
    }
  });

  it("forgets what nobody asks for", () => {
    const cache = createRecentCache<string>(10);
    cache.set("once", "x");
    for (let key = 0; key < 30; key++) cache.set(`other-${key}`, "");
    expect(cache.get("once")).toBeUndefined();
  });
});
