/** Mints an id that sorts by time: base-36 milliseconds, then 16 random characters (80 bits). */
export const createId = (): string => {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return random.reduce((id, byte) => id + (byte % 32).toString(32), Date.now().toString(36));
};
