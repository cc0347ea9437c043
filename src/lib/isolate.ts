/** Embeddings, overrides and isolates: they turn what follows them until it is said to end. */
const BIDI_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/g;
/** A paragraph ends here, and every isolate with it. */
const SEPARATORS = /[\p{Cc}\p{Zp}]/gu;
/** Letters that run from right to left, their digits and marks: the blocks that Unicode keeps for them. */
const RIGHT_TO_LEFT =
  /[\u0590-\u08FF\u200F\uFB1D-\uFDFF\uFE70-\uFEFE\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;

/**
 * Keeps a stranger's text to itself inside a plain sentence, where no `<bdi>` can: whatever way it runs, the words
 * round it stay where they are.
 *
 * A text that runs from left to right is returned as it is. Controls that it brings are taken out: one that does not
 * end would turn the rest of the sentence. Idempotent.
 *
 * @see https://www.unicode.org/reports/tr9/#Explicit_Directional_Isolates
 */
export function isolate(text: string): string {
  const plain = text.replace(BIDI_CONTROLS, "");
  if (!RIGHT_TO_LEFT.test(plain)) return plain;
  return `\u2068${plain.replace(SEPARATORS, " ")}\u2069`;
}
