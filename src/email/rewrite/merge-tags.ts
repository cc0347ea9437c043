/** A merge tag of a sending platform inside a URL: `text.slice(start, end)`. */
export interface MergeTag {
  readonly start: number;
  readonly end: number;
}

/** The merge tags of a text; `unbalanced` when one is opened and never closed. */
export interface MergeTags {
  readonly tags: readonly MergeTag[];
  readonly unbalanced: boolean;
}

interface Syntax {
  readonly open: string;
  readonly close: string;
  /** What must stand between; an opener around anything else is no merge tag. */
  readonly inner?: RegExp;
  /** Characters that occur in ordinary URLs: without its end, this opener is no merge tag at all. */
  readonly lenient?: boolean;
}

const NAME = /^[a-z_][\w.-]*$/i;

/** Longest opener first, so that `{{{` is not read as `{{` and a brace. */
const SYNTAXES: readonly Syntax[] = [
  { open: "{{{", close: "}}}" }, // Handlebars, unescaped
  { open: "{{", close: "}}" }, // Handlebars, Liquid, Jinja
  { open: "{%", close: "%}" }, // Liquid and Jinja blocks
  { open: "{!", close: "}" }, // Salesforce
  { open: "${", close: "}" }, // Marketo
  { open: "#{", close: "}", inner: NAME, lenient: true }, // Ruby
  { open: "<%", close: "%>" }, // ERB, SendGrid
  { open: "*|", close: "|*" }, // Mailchimp
  { open: "%%=", close: "=%%" }, // AMPscript
  { open: "%%", close: "%%", inner: /^[^%\s]+$/, lenient: true }, // Salesforce Marketing Cloud
  { open: "[[", close: "]]" },
  { open: "{", close: "}", inner: /^[a-z_][\w.-]*(=[^{}]*)?$/i, lenient: true }, // Mautic
  { open: "%recipient.", close: "%", inner: NAME, lenient: true }, // Mailgun
];

const OPENER = /[{<*%[$#]/g;

/** A whole value of the form `-name-`. */
const DASHED = /^-[a-z][\w ]*-$/i;

/** Longest piece between an opener and its end; what is longer is prose, not a tag. */
const LONGEST_TAG = 2048;

/**
 * Finds the merge tags of nine template syntaxes in a URL, left to right, never overlapping.
 *
 * `%C3%A9`, `a[b]=1` and a lone `{` are none.
 */
export function findMergeTags(text: string): MergeTags {
  if (DASHED.test(text)) return { tags: [{ start: 0, end: text.length }], unbalanced: false };
  const tags: MergeTag[] = [];
  OPENER.lastIndex = 0;
  for (let found = OPENER.exec(text); found; found = OPENER.exec(text)) {
    const end = mergeTagEnd(text, found.index);
    if (end === undefined) continue;
    if (end < 0) return { tags, unbalanced: true };
    tags.push({ start: found.index, end });
    OPENER.lastIndex = end;
  }
  return { tags, unbalanced: false };
}

/**
 * The offset after the merge tag that begins at `start`; -1 when it is opened but never closed,
 * undefined when none begins there.
 */
export function mergeTagEnd(text: string, start: number): number | undefined {
  for (const { open, close, inner, lenient } of SYNTAXES) {
    if (!text.startsWith(open, start)) continue;
    const from = start + open.length;
    const window = text.slice(from, from + LONGEST_TAG);
    const length = window.indexOf(close);
    if (length < 0) {
      if (lenient) continue;
      return -1;
    }
    if (inner && !inner.test(window.slice(0, length))) continue;
    return from + length + close.length;
  }
  return undefined;
}
