import { describe, expect, it } from "vitest";
import { hashSecret, mintKey, presentedKey } from "../../src/access/api-keys.ts";

describe("mintKey", () => {
  it.each([
    ["secret", /^ct_[0-9A-Za-z]{8}_[0-9A-Za-z]{32}$/],
    ["site", /^cts_[0-9A-Za-z]{8}_[0-9A-Za-z]{32}$/],
  ] as const)("names a %s key so that a person can tell it", (kind, form) => {
    const { key, prefix, id, hash } = mintKey(kind);
    expect(key).toMatch(form);
    expect(key.startsWith(`${prefix}_`)).toBe(true);
    expect(prefix.endsWith(id)).toBe(true);
    expect(hash).toBe(hashSecret(key));
  });

  it("never puts the secret in what is kept", () => {
    const { key, prefix, hash } = mintKey("secret");
    expect(`${prefix} ${hash}`).not.toContain(key.slice(-32));
  });
});

describe("hashSecret", () => {
  it("is SHA-256, here of 'abc' as FIPS 180-2 gives it", () => {
    const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect(Buffer.from(hashSecret("abc"), "base64url").toString("hex")).toBe(expected);
  });
});

describe("presentedKey", () => {
  it.each([
    ["Bearer abc", "abc"],
    ["bearer abc", "abc"],
    ["Bearer   abc ", "abc"],
    // `abc:` and `abc:ignored` in base64: RFC 7617 user-id before the colon.
    ["Basic YWJjOg==", "abc"],
    ["Basic YWJjOmlnbm9yZWQ=", "abc"],
    ["Basic Og==", undefined],
    ["Digest abc", undefined],
    ["Bearer", undefined],
    ["Bearer a b", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("reads %j as %j", (header, key) => {
    expect(presentedKey(header)).toBe(key);
  });
});
