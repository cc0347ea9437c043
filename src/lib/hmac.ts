import { hash } from "node:crypto";

const BLOCK_BYTES = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** Authenticates bytes: HMAC-SHA256, 32 bytes. */
export type Hmac = (data: Buffer) => Buffer;

/**
 * Makes the HMAC-SHA256 of one key.
 *
 * Two one-shot hashes over prepared blocks: half the time of `createHmac`, whose handle costs more than
 * the hashing of a short text.
 *
 * @param key at most 64 bytes
 * @see https://www.rfc-editor.org/rfc/rfc2104
 */
export function createHmacSha256(key: Buffer): Hmac {
  if (key.length > BLOCK_BYTES) throw new RangeError("An HMAC key has at most 64 bytes.");
  const block = Buffer.alloc(BLOCK_BYTES);
  key.copy(block);
  const inner = block.map((byte) => byte ^ INNER_PAD);
  const outer = block.map((byte) => byte ^ OUTER_PAD);
  return (data) => {
    const digest = hash("sha256", Buffer.concat([inner, data]), "buffer");
    return hash("sha256", Buffer.concat([outer, digest]), "buffer");
  };
}
