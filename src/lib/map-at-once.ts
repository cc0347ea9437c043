/**
 * Maps items by a function that waits, at most `limit` of them at once.
 *
 * @returns the results in the order of the items
 * @throws  what the first failing call threw; no further item is begun then
 */
export async function mapAtOnce<T, R>(
  items: Iterable<T>,
  limit: number,
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const entries = [...items].entries();
  let hasFailed = false;
  // Every lane takes its next item from the same iterator.
  async function goOn(): Promise<void> {
    for (const [index, item] of entries) {
      if (hasFailed) return;
      results[index] = await map(item).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  }
  await Promise.all(Array.from({ length: limit }, goOn));
  return results;
}
