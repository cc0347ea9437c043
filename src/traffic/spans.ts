/** A span of time on something; both ends included, in milliseconds. */
export interface Span<K> {
  readonly on: K;
  readonly from: number;
  readonly to: number;
}

/** Joins spans that overlap or touch, so that a look-up finds every row once. */
export function joinSpans<K>(spans: readonly Span<K>[], keyOf: (on: K) => string): Span<K>[] {
  const byKey = new Map<string, Span<K>[]>();
  for (const span of spans) {
    const key = keyOf(span.on);
    const own = byKey.get(key);
    if (own) own.push(span);
    else byKey.set(key, [span]);
  }
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
