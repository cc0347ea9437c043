/** Orders of arrival that each worked case goes through a database in: all of them in CI, a sample at the desk. */
export const SHUFFLES = process.env["CI"] ? 200 : 10;
/** PostgreSQL takes about a minute for 200 orders of every case, beside other tests. */
export const TIMEOUT_MS = 300_000;

/** A copy in another order; the same seed always gives the same one. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const copy = [...items];
  let state = seed >>> 0 || 1;
  for (let index = copy.length - 1; index > 0; index -= 1) {
    // xorshift32: enough to mix, and no two seeds alike.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (index + 1);
    const [a, b] = [copy[index], copy[other]];
    if (a === undefined || b === undefined) continue;
    copy[index] = b;
    copy[other] = a;
  }
  return copy;
}

/**
 * Cuts each list into pieces, one an event in every sixteenth list, else one to three of any length, and
 * puts the first pieces of all lists into the first round, the second into the second, and so on.
 */
export function toRounds<T>(lists: readonly (readonly T[])[]): T[][] {
  const rounds: T[][] = [];
  lists.forEach((list, index) => {
    const cuts = index % 16 === 0 ? list.map((_, at) => at) : cutsOf(list.length, index);
    cuts.forEach((from, round) => {
      const own = rounds[round] ?? [];
      rounds[round] = own;
      own.push(...list.slice(from, cuts[round + 1]));
    });
  });
  return rounds;
}

function cutsOf(length: number, seed: number): number[] {
  const inner = Array.from({ length: Math.max(0, length - 1) }, (_, at) => at + 1);
  const cuts = shuffled(inner, seed).slice(0, seed % 3);
  return [0, ...cuts.sort((a, b) => a - b)];
}
