import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** 167 ms and 32 MB on the machine it was chosen on; kept in the hash, so it can be raised. */
const COST = 2 ** 15;
const BLOCK_SIZE = 8;
const PARALLEL = 1;
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** Node refuses scrypt beyond 32 MB unless told: 128 * N * r plus some room. */
const MAX_MEMORY = 64 * 1024 * 1024;

/**
 * Hashes a password as `scrypt$N$r$p$salt$hash`, off the main thread.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7914
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, { N: COST, r: BLOCK_SIZE, p: PARALLEL });
  return ["scrypt", COST, BLOCK_SIZE, PARALLEL, encode(salt), encode(hash)].join("$");
}

/**
 * Compares a password with its hash in constant time.
 *
 * @param stored null for an unknown user: takes as long as a known one and answers false, so the
 *               time of an answer doesn't tell who has an account
 */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const [name, N, r, p, salt = "", hash = ""] = (stored ?? NOBODY).split("$");
  const expected = Buffer.from(hash, "base64url");
  if (name !== "scrypt" || expected.length !== KEY_BYTES) return false;
  const options = { N: Number(N), r: Number(r), p: Number(p) };
  const actual = await derive(password, Buffer.from(salt, "base64url"), options);
  return timingSafeEqual(actual, expected) && stored !== null;
}

const NOBODY = `scrypt$${COST}$${BLOCK_SIZE}$${PARALLEL}$${"A".repeat(22)}$${"A".repeat(43)}`;

function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // The same letters typed on two keyboards can be two byte strings; NFKC makes them one.
    const text = password.normalize("NFKC");
    scrypt(text, salt, KEY_BYTES, { ...options, maxmem: MAX_MEMORY }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function encode(bytes: Buffer): string {
  return bytes.toString("base64url");
}
