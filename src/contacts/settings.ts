const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Limits of sessions and identity, in milliseconds unless the name says otherwise. All are choices.
 *
 * The idle time and the cap of a session are those of GA4 (30 minutes) and PostHog (24 hours).
 */
export const SETTINGS = {
  /** A session ends after more than this without an event; exactly this long continues it. */
  sessionIdleMs: 30 * MINUTE_MS,
  /** A session ends this long after its start, however busy it is. */
  sessionMaxMs: 24 * HOUR_MS,
  /** How far back a claim reaches over a visitor's anonymous events. */
  lookbackMs: 90 * DAY_MS,
  /** How long a visitor stays somebody's after the last click evidence. */
  clickTtlMs: 90 * DAY_MS,
  /** The same after the last asserted evidence: a user id or a form email. */
  explicitTtlMs: 365 * DAY_MS,
  /** How long an asserted owner is safe from another contact's click. */
  guardMs: 30 * DAY_MS,
  /** How long after the redirect a click id claims a visitor. */
  clickFreshMs: 30 * MINUTE_MS,
  /** How far a landing may lie before its click: two clocks are compared. */
  clickEarlyMs: 5 * MINUTE_MS,
  /** How long a landing may move on to another browser of the same device (in-app to Safari). */
  handoffMs: 30 * MINUTE_MS,
  /** More contacts than this within `kioskMs` make a visitor a kiosk. */
  kioskContacts: 5,
  kioskMs: 7 * DAY_MS,
  /**
   * A visitor of more events than this is no visitor but an anonymous id that somebody hard-coded:
   * computing it again at each event would cost more with every one.
   */
  crowdEvents: 20_000,
} as const;
