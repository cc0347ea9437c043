import { createFrameEncoder } from "../../src/log/segment.ts";

const encode = createFrameEncoder();

/** A frame of one text, in bytes of its own. */
export function frameOf(json: string, records: number): Buffer {
  return Buffer.from(encode([{ json }], records));
}
