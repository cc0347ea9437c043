/** What a spreadsheet would run as a formula. A word that begins with a dash is an id of ours, and harmless. */
const FORMULA = /^(?!-[\w-]*$)[=+\-@\t\r]/;

/**
 * Writes one line of CSV (RFC 4180, CRLF). Objects and arrays become JSON, null and undefined an empty cell.
 *
 * A text that a spreadsheet would take for a formula gets an apostrophe before it: names and URLs come from
 * strangers. Numbers stay numbers.
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
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
