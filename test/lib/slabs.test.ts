import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSlabs } from "../../src/lib/slabs.ts";

/** Bytes that tell whose they are. */
const filled = (length: number, value: number) => Buffer.alloc(length, value);

describe("slabs", () => {
  it("join parts as they are", () => {
    const parts = [Buffer.from("a"), Buffer.from(""), Buffer.from("bc")];
    expect(createSlabs().hold().join(parts, 3).toString()).toBe("abc");
    expect(createSlabs().hold().join([], 0)).toHaveLength(0);
  });

  it("use the same memory again when nobody holds it", () => {
    const slabs = createSlabs();
    const first = slabs.hold();
    const { buffer, byteOffset } = first.join([filled(100, 1)], 100);
    first.release();
    const again = slabs.hold().join([filled(100, 2)], 100);
    expect(again.buffer === buffer && again.byteOffset === byteOffset).toBe(true);
  });

  it("give what is larger than a slab memory of its own", () => {
    const large = filled(1_000_001, 7);
    expect(createSlabs().hold().join([large], large.length).equals(large)).toBe(true);
  });

  it("release once, however often it is said", () => {
    const slabs = createSlabs();
    const [one, other] = [slabs.hold(), slabs.hold()];
    one.join([filled(10, 1)], 10);
    const held = other.join([filled(10, 2)], 10);
    one.release();
    one.release();
    slabs.hold().join([filled(10, 3)], 10);
    expect(held).toEqual(filled(10, 2));
  });

  it("never change what is held, in whatever order it comes and goes, and however much", () => {
    const length = fc.oneof(fc.nat(2000), fc.integer({ min: 200_000, max: 1_100_000 }));
    const step = fc.record({ length, leaves: fc.option(fc.nat(20)) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const slabs = createSlabs();
        const held: { bytes: Buffer; value: number; release(): void }[] = [];
        steps.forEach(({ length, leaves }, index) => {
          const holding = slabs.hold();
          const value = index + 1;
          const half = Math.floor(length / 2);
          const parts = [filled(half, value), filled(length - half, value)];
          held.push({ bytes: holding.join(parts, length), value, release: holding.release });
          if (leaves !== null) held.splice(leaves % held.length, 1)[0]?.release();
        });
        for (const { bytes, value } of held)
          expect(bytes.equals(filled(bytes.length, value))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
