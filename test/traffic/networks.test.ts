import { describe, expect, it } from "vitest";
import { createNetworks } from "../../src/traffic/networks.ts";

const classify = createNetworks({
  "198.51.100.0/24": "hosting",
  "198.51.100.128/25": "scanner_probable",
  "203.0.113.9/32": "scanner_certain",
  "2001:db8:a::/48": "hosting",
});

describe("createNetworks", () => {
  it.each([
    ["198.51.100.1", "hosting"],
    ["198.51.100.200", "scanner_probable"],
    ["::ffff:203.0.113.9", "scanner_certain"],
    ["203.0.113.8", undefined],
    ["2001:db8:a:1::1", "hosting"],
    ["2001:db8:b::1", undefined],
    ["nonsense", undefined],
    [undefined, undefined],
  ])("classes %s as %s", (ip, expected) => {
    expect(classify(ip)).toBe(expected);
  });

  it.each([
    [{ "300.0.0.0/8": "x" }],
    [{ "1.2.3.4": "x" }],
    [["1.2.3.0/24"]],
    [{ "1.2.3.0/24": 5 }],
  ])("refuses %j", (json) => {
    expect(() => createNetworks(json)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});
