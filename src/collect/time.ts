/** Less skew than this is the way through the network, not a wrong clock. */
const SKEW_MS = 5000;
const DAY_MS = 86_400_000;

/** Numbers below this are seconds: as milliseconds they would lie before March 1973. */
const SECONDS_BELOW = 1e11;

/**
 * Reads a moment as clients write it: ISO 8601 (UTC where no zone is given), a date as HTTP writes it,
 * or a number of milliseconds or seconds since the Unix epoch.
 *
 * @returns milliseconds since the Unix epoch; null if it is none, or before 1970
 */
export function parseTime(value: unknown): number | null {
  const ms = typeof value === "number" ? fromNumber(value) : fromText(value);
  return Number.isFinite(ms) && ms >= 0 ? Math.round(ms) : null;
}

function fromNumber(value: number): number {
  const ms = value < SECONDS_BELOW ? value * 1000 : value;
  // The last millisecond of the year 9999, which the ISO forms can still name.
  return ms <= 253_402_300_799_999 ? ms : Number.NaN;
}

const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/i;
const PLAIN_ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function fromText(value: unknown): number {
  if (typeof value !== "string" || value.length > 40) return Number.NaN;
  return fromPlainIso(value) ?? fromAnyText(value.trim());
}

/**
 * The form of `Date.prototype.toISOString`, in which nearly all clients write: a third of the time of the others'.
 *
 * @returns undefined where it is another form, or needs a second look
 */
function fromPlainIso(text: string): number | undefined {
  if (!PLAIN_ISO.test(text)) return undefined;
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2)];
  const [hour, minute, second] = [digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)];
  if (!isPlainDate(year, month, day) || !isTimeOfDay(hour, minute, second)) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second, digits(text, 20, 3));
}

function fromAnyText(text: string): number {
  const iso = ISO.exec(text);
  if (!iso) return /(?:GMT|UTC)(?:[+-]\d{4})?$/.test(text) ? Date.parse(text) : Number.NaN;
  // `Date.parse` takes the 30th of February for the 2nd of March.
  if (!isDayOfMonth(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2))) return Number.NaN;
  // Without a zone it would take the server's own.
  return Date.parse(iso[1] || text.length === 10 ? text : `${text}Z`);
}

function isPlainDate(year: number, month: number, day: number): boolean {
  return year >= 1970 && month >= 1 && month <= 12 && isDayOfMonth(year, month, day);
}

function isTimeOfDay(hour: number, minute: number, second: number): boolean {
  return hour <= 23 && minute <= 59 && second <= 59;
}

/** @param month 1 to 12 */
function isDayOfMonth(year: number, month: number, day: number): boolean {
  return day >= 1 && (day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate());
}

const CODE_OF_0 = 48;
const CODE_OF_9 = 57;

/** The number that some decimal digits of a text write. */
function digits(text: string, start: number, count: number): number {
  let number = 0;
  for (let at = start; at < start + count; at++)
    number = number * 10 + text.charCodeAt(at) - CODE_OF_0;
  return number;
}

const PLAIN_TEXT = Buffer.from('"0000-00-00T00:00:00.000Z"');

/**
 * Whether the bytes from `at` on are a text that `parseTime` reads, by the form in which nearly all clients write:
 * making the text to ask it took a quarter of the time in which an event is skimmed.
 *
 * @returns false also for what only `parseTime` can tell: other forms
 */
export function isPlainTimeAt(bytes: Buffer, at: number): boolean {
  for (let index = 0; index < PLAIN_TEXT.length; index++) {
    const [wanted, byte = 0] = [PLAIN_TEXT[index], bytes[at + index]];
    if (wanted === CODE_OF_0 ? byte < CODE_OF_0 || byte > CODE_OF_9 : byte !== wanted) return false;
  }
  const year = twoDigits(bytes, at + 1) * 100 + twoDigits(bytes, at + 3);
  const [month, day] = [twoDigits(bytes, at + 6), twoDigits(bytes, at + 9)];
  const [hour, minute] = [twoDigits(bytes, at + 12), twoDigits(bytes, at + 15)];
  return isPlainDate(year, month, day) && isTimeOfDay(hour, minute, twoDigits(bytes, at + 18));
}

function twoDigits(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) - CODE_OF_0) * 10 + (bytes[at + 1] ?? 0) - CODE_OF_0;
}

/** The times of an event, all in milliseconds since the Unix epoch. */
export interface EventTimes {
  /** When it happened, by our clock: the sender's time corrected for its skew, never in the future. */
  readonly occurredAt: number;
  /** The same before it was clamped to the present. */
  readonly correctedAt: number;
  /** When the sender says it happened, by the sender's clock; null when it did not say. */
  readonly originalAt: number | null;
  /** `future`: over 24 hours ahead even after the correction, so the arrival stands in for it. */
  readonly flag: "future" | null;
}

interface GivenTimes {
  readonly originalAt: number | null;
  readonly sentAt: number | null;
  readonly receivedAt: number;
  /** Imported history keeps its times: only the future is refused. */
  readonly imported: boolean;
}

/**
 * Corrects a sender's wrong clock: `receivedAt - (sentAt - originalAt)` when the skew is over 5 s.
 *
 * @see https://segment.com/docs/connections/spec/common/#timestamps
 */
export function correctClockSkew(given: GivenTimes): EventTimes {
  const { originalAt, sentAt, receivedAt, imported } = given;
  const said = originalAt ?? sentAt ?? receivedAt;
  const skew = sentAt === null || imported ? 0 : receivedAt - sentAt;
  const corrected = Math.abs(skew) > SKEW_MS ? said + skew : said;
  return {
    occurredAt: Math.max(0, Math.min(corrected, receivedAt)),
    correctedAt: corrected,
    originalAt,
    flag: corrected - receivedAt > DAY_MS ? "future" : null,
  };
}
