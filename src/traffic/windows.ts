/**
 * For each moment, the most different keys in any span of `ms` that holds it.
 *
 * Spans are one-sided: three tabs opened 0.9 s apart lie within a second of the middle one, yet no
 * second ever saw three. Both ends belong to the span. Linear in the number of moments.
 *
 * @param moments ascending by `at`
 * @returns       one number a moment, in the same order
 */
export function mostDistinct(
  moments: readonly { readonly at: number; readonly key: string }[],
  ms: number,
): number[] {
  const spans = countSpans(moments, ms);
  const most: number[] = [];
  // Indexes of spans that may still be the best, their counts falling: the first one is it.
  const best: number[] = [];
  let head = 0;
  for (const [index, span] of spans.entries()) {
    while (best.length > head && countAt(spans, best.at(-1)) <= span.count) best.pop();
    best.push(index);
    while ((spans[best[head] ?? index]?.end ?? index) < index) head += 1;
    most.push(countAt(spans, best[head]));
  }
  return most;
}

interface Span {
  /** Index of the last moment in the span that begins here. */
  readonly end: number;
  readonly count: number;
}

function countSpans(
  moments: readonly { readonly at: number; readonly key: string }[],
  ms: number,
): Span[] {
  const seen = new Map<string, number>();
  const spans: Span[] = [];
  let end = -1;
  for (const { at, key } of moments) {
    for (let next = moments[end + 1]; next && next.at - at <= ms; next = moments[end + 1]) {
      seen.set(next.key, (seen.get(next.key) ?? 0) + 1);
      end += 1;
    }
    spans.push({ end, count: seen.size });
    const left = (seen.get(key) ?? 0) - 1;
    if (left > 0) seen.set(key, left);
    else seen.delete(key);
  }
  return spans;
}

function countAt(spans: readonly Span[], index: number | undefined): number {
  return index === undefined ? 0 : (spans[index]?.count ?? 0);
}
