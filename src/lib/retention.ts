const DAY_MS = 86_400_000;

/** How long each kind of row is kept. */
export interface Retention {
  /** Milliseconds; undefined: for ever. */
  readonly defaultMs: number | undefined;
  /** Event type to milliseconds. */
  readonly byType: ReadonlyMap<string, number>;
}

/** Types of events whose time may be set apart; others establish who a contact is, or a campaign's links. */
const TYPES = new Set([
  "sent",
  "open",
  "click",
  "delivered",
  "bounced",
  "complained",
  "unsubscribed",
  "deferred",
  "track",
  "page",
  "screen",
  "group",
  "flood",
]);

/**
 * Reads `RETENTION_DAYS`: days, then single types, such as `400,open=30,page=90`; 0 keeps for ever.
 *
 * @returns undefined for anything else
 */
export function parseRetention(text: string): Retention | undefined {
  const [head = "", ...rest] = text.split(",").map((part) => part.trim());
  const days = parseDays(head);
  const types = rest.map((part) => /^([a-z]+)=(\d+)$/.exec(part));
  if (days === undefined) return undefined;
  const byType = new Map<string, number>();
  for (const match of types) {
    const ms = parseDays(match?.[2] ?? "");
    if (!match?.[1] || !TYPES.has(match[1]) || ms === undefined) return undefined;
    byType.set(match[1], ms * DAY_MS);
  }
  return { defaultMs: days === 0 ? undefined : days * DAY_MS, byType };
}

function parseDays(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}
