import { createHash, hkdfSync } from "node:crypto";
import { createHmacSha256, type Hmac } from "./hmac.ts";

/** One key of a purpose: `id` is the byte that tokens carry to find it again. */
export interface Key {
  readonly id: number;
  readonly bytes: Buffer;
  readonly hmac: Hmac;
}

/** Keys of one purpose: `current` seals, all of `accepted` (current first) verify. */
export interface KeyPair {
  readonly current: Key;
  readonly accepted: readonly Key[];
}

/** What a key is for. A key never serves two purposes, so a token of one is noise to another. */
type KeyPurpose =
  | "link"
  | "recipient"
  | "session"
  | "sign-in"
  | "csrf"
  | "preview"
  | "address"
  | "domain"
  | "hook";

export interface Keyring {
  keysFor(purpose: KeyPurpose): KeyPair;
}

/**
 * Derives every key of the service from its secrets (HKDF-SHA256, one info label a purpose).
 *
 * @param secret   the present SECRET
 * @param previous earlier ones, still accepted: links sealed under them go on working
 * @see https://www.rfc-editor.org/rfc/rfc5869
 */
export function createKeyring(secret: string, previous: readonly string[] = []): Keyring {
  const cache = new Map<KeyPurpose, KeyPair>();
  return {
    keysFor(purpose) {
      const known = cache.get(purpose);
      if (known) return known;
      const current = deriveKey(secret, purpose);
      const pair = {
        current,
        accepted: [current, ...previous.map((old) => deriveKey(old, purpose))],
      };
      cache.set(purpose, pair);
      return pair;
    },
  };
}

function deriveKey(secret: string, purpose: KeyPurpose): Key {
  const bytes = Buffer.from(hkdfSync("sha256", secret, "clicktrail", purpose, 32));
  const [id = 0] = createHash("sha256").update(bytes).digest();
  return { id, bytes, hmac: createHmacSha256(bytes) };
}
