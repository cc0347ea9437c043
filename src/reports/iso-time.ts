/** A moment as the API writes it: ISO 8601, UTC, milliseconds. */
export function toIsoTime(ms: number): string {
  return new Date(ms).toISOString();
}
