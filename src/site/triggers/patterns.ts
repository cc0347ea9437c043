import type { Comparison } from "./vocabulary.ts";

/**
 * The comparison as a regular expression, for the flags `i` and `s`. It takes linear time in any text,
 * whatever the value is: nothing but literal text and, for each `*`, a look ahead that never gives
 * back what it took.
 */
export function toPattern(comparison: Exclude<Comparison, "greater_than">, value: string): string {
  const text = escapeRegExp(value);
  if (comparison === "equals") return `^${text}$`;
  if (comparison === "starts_with") return `^${text}`;
  if (comparison === "ends_with") return `${text}$`;
  if (comparison === "present") return ".";
  return comparison === "contains" ? text : globPattern(value);
}

/** `*` stands for any text, `|` stands between alternatives; the whole text must fit. */
function globPattern(glob: string): string {
  let group = 0;
  const alternatives = glob.split("|").map((alternative) => {
    const [first = "", ...rest] = alternative.trim().split(/\*+/).map(escapeRegExp);
    const last = rest.pop();
    if (last === undefined) return first;
    // The earliest place of each middle piece serves: once found, no other is ever tried.
    const middle = rest.map((piece) => {
      group += 1;
      return `(?=(.*?${piece}))\\${group}`;
    });
    return `${first}${middle.join("")}.*${last}`;
  });
  return `^(?:${alternatives.join("|")})$`;
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
