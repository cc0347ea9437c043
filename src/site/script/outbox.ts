/** Events that wait for a connection; older ones give way. */
const MAX_WAITING = 100;

/** Characters of one request: three bytes each at most, and browsers queue 64 kB at most. */
const MAX_CHARACTERS = 2e4;

/** The calls that wait, each of them JSON, from what the storage holds. */
export const readWaiting = (stored?: string): string[] => (stored ? stored.split("\n") : []);

/** The same for the storage: the newest calls. JSON has no bare line break. */
export const writeWaiting = (calls: readonly string[]): string =>
  calls.slice(-MAX_WAITING).join("\n");

/** The oldest calls, as many as fit into one request; the first one always. */
export const takeNext = (calls: readonly string[]): string[] => {
  let size = 0;
  return calls.filter((call, index) => {
    size += call.length;
    return size <= MAX_CHARACTERS || !index;
  });
};

/** Whether sending again can help: not where no repetition could ever succeed. */
export const isWorthRetrying = (status: number): boolean => {
  return status > 499 || status === 429 || status === 408;
};

/**
 * How long to wait before sending again, in milliseconds: what the server asks for, else 1 s doubling
 * up to 64 s.
 *
 * @param failures before this one
 */
export const retryDelay = (failures: number, retryAfter: string | null | undefined): number =>
  (Number(retryAfter) || 2 ** Math.min(failures, 6)) * 1e3;
