/**
 * Mints an id that sorts by time: base-36 milliseconds, then 16 random characters (about 77 bits).
 *
 * @param random bytes to use, at least 16
 */
export function createId(now: number, random: Uint8Array): string {
  let id = now.toString(36).padStart(8, "0");
  for (const byte of random.subarray(0, 16)) id += (byte % 32).toString(32);
  return id;
}
