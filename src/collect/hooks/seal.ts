import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { KeyPair } from "../../lib/keyring.ts";

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts a credential: verifying needs it whole, so a hash would not do. AES-256-GCM, base64url.
 *
 * @param owner workspace and provider, under the tag: a row that is moved to another opens nowhere
 */
export function sealCredential(credential: string, owner: string, { current }: KeyPair): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, current.bytes, nonce).setAAD(Buffer.from(owner));
  const body = Buffer.concat([cipher.update(credential, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64url");
}

/** Decrypts it; undefined where no key of ours, present or previous, opens it. */
export function openCredential(
  sealed: string,
  owner: string,
  { accepted }: KeyPair,
): string | undefined {
  const bytes = Buffer.from(sealed, "base64url");
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  const body = bytes.subarray(NONCE_BYTES + TAG_BYTES);
  for (const key of accepted) {
    try {
      const options = { authTagLength: TAG_BYTES };
      const decipher = createDecipheriv(ALGORITHM, key.bytes, nonce, options)
        .setAAD(Buffer.from(owner))
        .setAuthTag(tag);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
    } catch {
      // Another key's: the next may open it.
    }
  }
  return undefined;
}
