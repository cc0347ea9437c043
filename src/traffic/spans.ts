/** A span of time on something; both ends included, in milliseconds. */
export interface Span<K> {
  readonly on: K;
  readonly from: number;
  readonly to: number;
}

/** Joins spans that overlap or touch, so that a look-up finds every row once. */
export function joinSpans<K>(spans: readonly Span<K>[], keyOf: (on: K) => string): Span<K>[] {
  const byKey = groupBy(spans, ({ on }) => keyOf(on));
  return [...byKey.values()].flatMap(joinOfOneKey);
}

function joinOfOneKey<K>(spans: readonly Span<K>[]): Span<K>[] {
  const joined: Span<K>[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && span.from <= last.to) {
      joined[joined.length - 1] = { ...last, to: Math.max(last.to, span.to) };
    } else joined.push(span);
  }
  return joined;
}

/** The first of each row by `seq`. */
export function uniqueRows<T extends { readonly seq: number }>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((row) => [row.seq, row])).values()];
}

/** Sorts items into lists by a key, in their order; those without a key are left out. */
export function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string | null,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
