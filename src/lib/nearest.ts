/**
 * The known name that a mistyped one most likely meant, or undefined when none is near.
 *
 * Near means at most a third of the letters differ (Levenshtein distance), without case, `-` and `_`.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = fold(name);
  let best: string | undefined;
  let least = Math.floor(Math.max(wanted.length, 3) / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, fold(candidate));
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** A sentence for an unknown name: `Unknown option "x". Did you mean "y"?` */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const sentence = `Unknown ${what} "${name.slice(0, 64)}".`;
  return near ? `${sentence} Did you mean "${near}"?` : `${sentence} Known: ${known.join(", ")}.`;
}

function fold(name: string): string {
  return name.slice(0, 64).toLowerCase().replaceAll(/[-_]/g, "");
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
