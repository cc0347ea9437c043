import { describe, expect, it } from "vitest";
import { createKeyring } from "../../../src/lib/keyring.ts";
import { openPreview, sealPreview } from "../../../src/site/triggers/preview-token.ts";

const NOW = 1_767_607_200_000;
const keys = createKeyring("a secret of the tests").keysFor("preview");
const site = { workspaceId: 7, siteId: "m1x-_z9", expiresAt: NOW + 1000 };

describe("a preview's token", () => {
  it("opens the site it was made for until its time is over", () => {
    const token = sealPreview(site, keys);
    expect(openPreview(token, keys, NOW)).toEqual(site);
    expect(openPreview(token, keys, NOW + 1000)).toBeUndefined();
    expect(encodeURIComponent(token)).toBe(token);
  });

  it("opens nothing with any one character changed, cut or added", () => {
    const token = sealPreview(site, keys);
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === "1" ? "2" : "1";
      expect(
        openPreview(token.slice(0, at) + other + token.slice(at + 1), keys, NOW),
      ).toBeUndefined();
    }
    expect(openPreview(token.slice(0, -1), keys, NOW)).toBeUndefined();
    expect(openPreview(`${token}A`, keys, NOW)).toBeUndefined();
    expect(openPreview("", keys, NOW)).toBeUndefined();
  });

  it("opens nothing under another secret, but still under the one before", () => {
    const token = sealPreview(site, keys);
    const other = createKeyring("another secret").keysFor("preview");
    const next = createKeyring("another secret", ["a secret of the tests"]).keysFor("preview");
    expect(openPreview(token, other, NOW)).toBeUndefined();
    expect(openPreview(token, next, NOW)).toEqual(site);
  });
});
