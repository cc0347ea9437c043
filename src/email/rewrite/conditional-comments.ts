/** The body of a conditional comment, which Outlook reads as HTML and nothing else does. */
export interface ConditionalBody {
  readonly start: number;
  readonly end: number;
}

/** `[if mso]>`, `[if (gte mso 9)|(IE)]>`; white space before the bracket does happen. */
const CONDITION = /^\s{0,64}\[if\b[^\]]{0,512}\]>/i;
const LONGEST_CONDITION = 640;

/**
 * The part of a comment that Outlook reads, or undefined for an ordinary comment.
 *
 * Of the downlevel-revealed form `<!--[if !mso]><!-->` the comment holds nothing but `<!`, and what
 * follows it is ordinary HTML.
 *
 * @param start offset after `<!--`
 * @param end   offset of the closing `-->`
 */
export function conditionalBody(
  html: string,
  start: number,
  end: number,
): ConditionalBody | undefined {
  const opening = CONDITION.exec(html.slice(start, Math.min(end, start + LONGEST_CONDITION)));
  return opening ? { start: start + opening[0].length, end } : undefined;
}
