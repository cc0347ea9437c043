/** An integer up to 2^53 takes no more bytes as a varint. */
export const MAX_VARINT_BYTES = 8;

/**
 * Writes an unsigned integer as a varint: 7 bits a byte, lowest first, shortest form only.
 *
 * @returns the offset behind it
 */
export function writeVarint(bytes: Buffer, value: number, start: number): number {
  let rest = value;
  let at = start;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at] = rest;
  return at + 1;
}

/** Reads a varint; undefined when it is cut off or over 2^53. */
export function readVarint(
  bytes: Buffer,
  start: number,
): { value: number; end: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (!Number.isSafeInteger(value)) return undefined;
    if (byte < 0x80) return { value, end: at + 1 };
    scale *= 0x80;
  }
  return undefined;
}

/**
 * The bytes of a base64url text in its one canonical spelling, or undefined.
 *
 * `Buffer` also takes `+`, `/`, `=`, spaces and stray low bits: a token must have one spelling only.
 */
export function decodeBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

/** Whether text mail clients would cut the last character off (`-` and `_`). */
export function endsBadly(token: string): boolean {
  return token.endsWith("-") || token.endsWith("_");
}
