import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** HMAC-SHA256 in lower-case hexadecimal, as providers write it. */
export function hmacHex(key: string, data: string | Buffer): string {
  return createHmac("sha256", key).update(data).digest("hex");
}

/** Compares two texts of any length in a time that does not tell where they differ. */
export function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** A header that came once; empty where it did not. */
export function headerOf(value: string | string[] | undefined): string {
  return typeof value === "string" ? value : "";
}
