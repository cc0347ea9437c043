import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrames } from "../../src/log/segment.ts";
import { frameOf } from "../support/frames.ts";

const payloads = fc.array(fc.string({ unit: "grapheme", maxLength: 200 }), {
  minLength: 1,
  maxLength: 8,
});

function textOf(bytes: Buffer, complete = true): string[] {
  return decodeFrames(bytes, 0, complete).frames.map(({ payload }) => payload.toString("utf8"));
}

describe("a segment's frames", () => {
  it("come back as they went in, with their ends as offsets", () => {
    fc.assert(
      fc.property(payloads, fc.nat(1000), (texts, offset) => {
        const frames = texts.map((text, index) => frameOf(text, index));
        const decoded = decodeFrames(Buffer.concat(frames), offset, true).frames;
        expect(decoded.map(({ payload }) => payload.toString("utf8"))).toEqual(
          texts.map((text) => Buffer.from(text, "utf8").toString("utf8")),
        );
        expect(decoded.map(({ records }) => records)).toEqual(texts.map((_text, index) => index));
        expect(decoded.at(-1)?.end).toBe(offset + Buffer.concat(frames).length);
      }),
    );
  });

  it("lose only the torn one when the tail is cut anywhere", () => {
    fc.assert(
      fc.property(payloads, fc.nat(), (texts, cut) => {
        const frames = texts.map((text) => frameOf(text, 1));
        const whole = Buffer.concat(frames);
        const bytes = whole.subarray(0, cut % (whole.length + 1));
        const ends = frames.map(
          (_frame, index) => Buffer.concat(frames.slice(0, index + 1)).length,
        );
        const complete = ends.filter((end) => end <= bytes.length);
        expect(decodeFrames(bytes, 0, true).frames).toHaveLength(complete.length);
      }),
    );
  });

  it("lose only the damaged one when a byte flips in the middle", () => {
    fc.assert(
      fc.property(payloads, fc.nat(), fc.integer({ min: 1, max: 255 }), (texts, at, flip) => {
        const first = frameOf(texts.join(" "), 1);
        const second = frameOf("behind it", 1);
        const position = at % first.length;
        first[position] = (first[position] ?? 0) ^ flip;
        const { frames, damagedBytes } = decodeFrames(Buffer.concat([first, second]), 0, true);
        expect(frames.map(({ payload }) => payload.toString())).toEqual(["behind it"]);
        expect(damagedBytes).toBe(first.length);
      }),
    );
  });

  it("wait for more while the file still grows, instead of calling a half frame damage", () => {
    const bytes = Buffer.concat([frameOf("whole", 1), frameOf("half", 1).subarray(0, 10)]);
    expect(textOf(bytes, false)).toEqual(["whole"]);
    expect(decodeFrames(bytes, 0, false).damagedBytes).toBe(0);
  });
});
