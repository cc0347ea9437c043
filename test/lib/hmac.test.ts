import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHmacSha256 } from "../../src/lib/hmac.ts";

describe("createHmacSha256", () => {
  it("gives what RFC 4231 lists for its second case", () => {
    const digest = createHmacSha256(Buffer.from("Jefe"))(
      Buffer.from("what do ya want for nothing?"),
    );
    expect(digest.toString("hex")).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });

  it("equals the platform's HMAC for any key and data", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.uint8Array({ maxLength: 300 }),
        (key, data) => {
          const expected = createHmac("sha256", key).update(data).digest("hex");
          expect(createHmacSha256(Buffer.from(key))(Buffer.from(data)).toString("hex")).toBe(
            expected,
          );
        },
      ),
    );
  });

  it("refuses a key that would have to be hashed first", () => {
    expect(() => createHmacSha256(Buffer.alloc(65))).toThrow(RangeError);
  });
});
