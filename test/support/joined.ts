import type { Bytes } from "../../src/lib/bytes.ts";

/** Bytes in parts as one text. */
export function joinedText(bytes: Bytes): string {
  const whole = Buffer.alloc(bytes.length);
  bytes.copy(whole, 0);
  return whole.toString("utf8");
}
