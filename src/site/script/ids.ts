/** Mints an id that sorts by time: base-36 milliseconds, then 16 random characters (80 bits). */
export function createId(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return Date.now().toString(36) + Array.from(random, (byte) => (byte % 32).toString(32)).join("");
}
