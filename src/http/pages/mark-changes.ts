/** A run of text; `changed` runs differ between the two sides. */
export interface Span {
  text: string;
  changed: boolean;
}

/** Tokens that a changed place may span before the sides are taken to agree again. */
const WINDOW = 80;
/** Tokens that must agree in a row: quotes and spaces alone agree everywhere. */
const ANCHOR = 6;

/**
 * Marks what the rewriter changed: both sides as runs, in order, joined giving back each text.
 *
 * Compares tokens cut at quotes, brackets and white space, so a link is one token. Linear, because
 * the two sides differ in few and short places; where they don't, the rest counts as changed.
 */
export function markChanges(before: string, after: string): { before: Span[]; after: Span[] } {
  const old = tokenize(before);
  const now = tokenize(after);
  const sides = { before: createRuns(), after: createRuns() };
  let i = 0;
  let j = 0;
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      sides.before.add(old[i], false);
      sides.after.add(now[j], false);
      i += 1;
      j += 1;
      continue;
    }
    const [skipOld, skipNow] = findAgreement(old, i, now, j);
    for (const end = i + skipOld; i < end; i++) sides.before.add(old[i], true);
    for (const end = j + skipNow; j < end; j++) sides.after.add(now[j], true);
  }
  for (; i < old.length; i++) sides.before.add(old[i], true);
  for (; j < now.length; j++) sides.after.add(now[j], true);
  return { before: sides.before.spans, after: sides.after.spans };
}

function tokenize(text: string): string[] {
  return text.match(/[^\s"'<>]+|[\s"'<>]/g) ?? [];
}

/** How many tokens to pass over on each side, the fewest together, until they agree again. */
function findAgreement(old: string[], i: number, now: string[], j: number): [number, number] {
  for (let distance = 1; distance <= WINDOW; distance++) {
    // Replaced tokens first: (1, 1) is what a rewritten link looks like.
    for (const skipOld of fromMiddle(distance)) {
      const skipNow = distance - skipOld;
      if (agree(old, i + skipOld, now, j + skipNow)) return [skipOld, skipNow];
    }
  }
  return [old.length - i, now.length - j];
}

function fromMiddle(distance: number): number[] {
  const all = Array.from({ length: distance + 1 }, (_, index) => index);
  return all.sort((a, b) => Math.abs(a - distance / 2) - Math.abs(b - distance / 2));
}

function agree(old: string[], i: number, now: string[], j: number): boolean {
  const length = Math.min(ANCHOR, Math.max(old.length - i, now.length - j));
  if (length < 0) return false;
  for (let at = 0; at < length; at++) if (old[i + at] !== now[j + at]) return false;
  return i <= old.length && j <= now.length;
}

function createRuns() {
  const spans: Span[] = [];
  return {
    spans,
    add(text = "", changed: boolean): void {
      const last = spans.at(-1);
      if (last?.changed === changed) last.text += text;
      else spans.push({ text, changed });
    },
  };
}
