/** `clock` 14:02, `day` Tue 3 Mar 2026, `moment` both. */
export type TimeStyle = "clock" | "day" | "moment";

const STYLES: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  day: { weekday: "short", day: "numeric", month: "short", year: "numeric" },
  moment: {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  },
};

/** Making one costs 40 times a use; there are a few hundred zones at most. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * A moment as a person in a zone reads it.
 *
 * @param iso  ISO 8601 in UTC
 * @param zone IANA name that `isTimeZone` accepted
 */
export function formatTime(iso: string, zone: string, style: TimeStyle): string {
  const key = `${style} ${zone}`;
  let formatter = formatters.get(key);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat("en-GB", { ...STYLES[style], timeZone: zone });
    formatters.set(key, formatter);
  }
  return formatter.format(new Date(iso));
}

/** Tells whether this is an IANA time zone that this Node knows. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Made at the first use: it takes 30 ms, of every start if it were made here. */
let numbers: Intl.NumberFormat | undefined;

/** `1,430`. */
export function formatNumber(value: number): string {
  numbers ??= new Intl.NumberFormat("en");
  return numbers.format(value);
}

/**
 * An amount with its currency: `formatMoney(4120, "EUR")` is `€41.20`.
 *
 * @param minor    minor units: cents, or whole yen
 * @param currency ISO 4217; one that Intl can't take is shown as code and plain number
 */
export function formatMoney(minor: number, currency: string): string {
  if (!/^[A-Za-z]{3}$/.test(currency)) return `${currency} ${minor}`;
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minor / 10 ** digits);
}

/** Time between two moments in words, to two units: `4 min 10 s`, `2 h 5 min`, `3 d 1 h`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units: [number, string][] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = units.findIndex(([size]) => seconds >= size);
  if (first === -1) return "0 s";
  let rest = seconds;
  const parts = units.slice(first, first + 2).flatMap(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count > 0 ? [`${count} ${unit}`] : [];
  });
  return parts.join(" ");
}
