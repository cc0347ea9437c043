import { describe, expect, it } from "vitest";
import { networkPrefix, truncateIp } from "../../src/lib/ip.ts";

describe("truncateIp", () => {
  it.each([
    ["203.0.113.77", "203.0.113.0"],
    ["::ffff:203.0.113.77", "203.0.113.0"],
    ["2001:db8:a:b:c:d:e:f", "2001:db8:a::"],
    ["not an address", null],
    ["127.1", null],
    [undefined, null],
  ])("keeps the network of %s", (ip, expected) => {
    expect(truncateIp(ip, "truncate")).toBe(expected);
  });

  it("keeps all of it, or nothing, when told to", () => {
    expect(truncateIp("203.0.113.77", "full")).toBe("203.0.113.77");
    expect(truncateIp("203.0.113.77", "none")).toBeNull();
  });

  it("hashes under a salt: the same address alike, another one not", () => {
    const hash = truncateIp("203.0.113.77", "hash", "salt");
    expect(hash).toMatch(/^[\w-]{16}$/);
    expect(truncateIp("::ffff:203.0.113.77", "hash", "salt")).toBe(hash);
    expect(truncateIp("203.0.113.78", "hash", "salt")).not.toBe(hash);
    expect(truncateIp("203.0.113.77", "hash", "pepper")).not.toBe(hash);
  });

  it("refuses to hash without a salt", () => {
    expect(() => truncateIp("203.0.113.77", "hash")).toThrow("salt");
  });
});

describe("networkPrefix", () => {
  it("finds the same network in a whole and in a cut address", () => {
    expect(networkPrefix("203.0.113.77")).toBe(networkPrefix("203.0.113.0"));
    expect(networkPrefix("2001:db8:a:1::5")).toBe(networkPrefix("2001:db8:a::"));
  });

  it("leaves a hashed address as it is", () => {
    expect(networkPrefix("Zm9vYmFyYmF6cXV4")).toBe("Zm9vYmFyYmF6cXV4");
  });
});
