import { describe, expect, it } from "vitest";
import { createHostSet, parseHost } from "../../src/site/hosts.ts";

describe("parseHost", () => {
  it.each([
    ["shop.test", "shop.test"],
    [" Shop.Test. ", "shop.test"],
    ["*.shop.test", "*.shop.test"],
    ["localhost:3000", "localhost:3000"],
    ["shop.test:443", "shop.test:443"],
    ["shop.test:80", "shop.test:80"],
    ["127.0.0.1:8080", "127.0.0.1:8080"],
    ["[::1]:8080", "[::1]:8080"],
    ["bücher.test", "xn--bcher-kva.test"],
  ])("reads %j as %j", (given, host) => {
    expect(parseHost(given)).toEqual({ host });
  });

  it.each([
    ["", /such as/],
    ["https://shop.test/a", /Write the host alone: shop\.test\./],
    ["shop.test/a", /no path/],
    ["user@shop.test", /no user/],
    ["*", /only as \*\./],
    ["a.*.test", /only as \*\./],
    ["*.test", /two parts/],
    ["*.com:80", /two parts/],
    ["shop.test:0", /no host/],
    ["shop.test:99999", /no host/],
    ["a b.test", /no path/],
    ["%00.test", /no path/],
    ["shop.test:80:80", /no host/],
  ])("refuses %j", (given, problem) => {
    expect(parseHost(given)).toEqual({ problem: expect.stringMatching(problem) });
  });
});

describe("createHostSet", () => {
  it.each([
    ["shop.test", "shop.test", true],
    ["shop.test", "shop.test:8443", true],
    ["shop.test", "SHOP.test.", true],
    ["shop.test", "www.shop.test", false],
    ["shop.test", "notshop.test", false],
    ["*.shop.test", "www.shop.test", true],
    ["*.shop.test", "a.b.shop.test:81", true],
    ["*.shop.test", "shop.test", false],
    ["*.shop.test", "evilshop.test", false],
    ["localhost:3000", "localhost:3000", true],
    ["localhost:3000", "localhost:3001", false],
    ["localhost:3000", "localhost", false],
    ["shop.test:443", "shop.test", true],
    ["*.shop.test:444", "a.shop.test:444", true],
    ["[::1]:8080", "[::1]:8080", true],
    ["[::1]", "[::1]:8080", true],
  ])("%j covers %j: %j", (registered, host, expected) => {
    expect(createHostSet([registered]).has(host)).toBe(expected);
  });
});
