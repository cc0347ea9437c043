import { describe, expect, it } from "vitest";
import { createClickParameter } from "../../src/tracking/click-parameter.ts";

const add = createClickParameter({
  name: "jt",
  isSiteHost: (workspaceId, host) =>
    workspaceId === 1 && /^(shop\.test|localhost:8080)$/.test(host),
});

describe("the click parameter", () => {
  it.each([
    ["a bare host", "https://shop.test", "https://shop.test?jt=K"],
    ["a path", "https://shop.test/p", "https://shop.test/p?jt=K"],
    ["behind UTM", "https://shop.test/p?utm_source=n", "https://shop.test/p?utm_source=n&jt=K"],
    ["before the fragment", "https://shop.test/p?a=1#top", "https://shop.test/p?a=1&jt=K#top"],
    ["an empty query", "https://shop.test/p?", "https://shop.test/p?jt=K"],
    ["a trailing &", "https://shop.test/p?a=1&", "https://shop.test/p?a=1&jt=K"],
    ["a port that belongs to the site", "http://localhost:8080/", "http://localhost:8080/?jt=K"],
    ["a ? in the fragment", "https://shop.test/#/r?x", "https://shop.test/?jt=K#/r?x"],
  ])("is added to %s", (_case, destination, expected) => {
    expect(add(1, destination, "K")).toBe(expected);
  });

  it.each([
    ["a third party", "https://other.test/p"],
    ["a look-alike", "https://shop.test.evil.test/p"],
    ["another port", "http://localhost:9090/"],
    ["an Amazon-signed URL", "https://shop.test/f?X-Amz-Signature=1"],
    ["a Google-signed URL", "https://shop.test/f?X-Goog-Signature=1"],
    ["a CloudFront-signed URL", "https://shop.test/f?Expires=1&Signature=2"],
    ["a URL that carries one already", "https://shop.test/p?jt=old"],
  ])("is not added to %s", (_case, destination) => {
    expect(add(1, destination, "K")).toBe(destination);
  });

  it("is not added for another workspace's site", () => {
    expect(add(2, "https://shop.test/p", "K")).toBe("https://shop.test/p");
  });
});
