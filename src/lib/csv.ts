/**
 * What a spreadsheet would run as a formula: its signs, also in their full width, behind what a program may take
 * away or split at. Apostrophes count, so that taking one away always gives the text back. A number and an id of
 * ours that begins with a dash are harmless.
 */
const FORMULA =
  /^(?!-(?:\d+(?:\.\d+)?|[\w-]{16,})$)(?:'*[\t\r\n]|['";\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])/;

/**
 * Writes one line of CSV (RFC 4180, CRLF). Objects and arrays become JSON, null and undefined an empty cell.
 *
 * A text that a spreadsheet would take for a formula gets an apostrophe before it, and quotes: names and URLs come
 * from strangers. Numbers stay numbers.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4180 and https://owasp.org/www-community/attacks/CSV_Injection
 */
export function toCsvLine(values: readonly unknown[]): string {
  return `${values.map(toCell).join(",")}\r\n`;
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const isFormula = FORMULA.test(text);
  const safe = isFormula ? `'${text}` : text;
  // Where a semicolon or a tab parts cells, an unquoted one would begin another cell, perhaps a formula.
  return isFormula || /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
