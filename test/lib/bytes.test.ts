import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chainBytes } from "../../src/lib/bytes.ts";

describe("bytes in parts", () => {
  it("are copied as if they had been joined, and nothing around them is touched", () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(parts, fc.nat(20), fc.nat(20), (lists, before, after) => {
        const buffers = lists.map((list) => Buffer.from(list));
        const joined = Buffer.concat(buffers);
        const chain = chainBytes(buffers);
        expect(chain.length).toBe(joined.length);
        const target = Buffer.alloc(before + joined.length + after, 0xaa);
        expect(chain.copy(target, before)).toBe(joined.length);
        expect(target).toEqual(
          Buffer.concat([Buffer.alloc(before, 0xaa), joined, Buffer.alloc(after, 0xaa)]),
        );
      }),
    );
  });
});
