import type { VisitorFact } from "./fact.ts";
import { SETTINGS } from "./settings.ts";

interface Session {
  readonly number: number;
  readonly startedAt: number;
  lastAt: number;
  userRef: string | null;
  /** The library's last stamp was a user id. */
  stamped: boolean;
  /** A reset ended it; late beacons may still join. */
  ended: boolean;
  readonly clicks: Set<string>;
  readonly campaigns: Set<string>;
}

/**
 * Cuts the events of one visitor into sessions.
 *
 * A session ends after more than 30 minutes without an event, 24 hours after its start, at a click
 * id or campaign it has not seen, at a change of user, at a reset and at a logout (a library that
 * stamps the user id stops doing so). Server events and invalid ones belong to none; a beacon of
 * engaged time joins the session before it and never opens one.
 *
 * @param facts of one visitor, in the order of `byTime`
 * @returns the session number (from 1) of each fact, in the same order; null for none
 */
export function assignSessions(facts: readonly VisitorFact[]): (number | null)[] {
  let current: Session | undefined;
  return facts.map((fact) => {
    if (fact.channel === "server" || fact.invalid || fact.kind === "alias") return null;
    if (fact.kind === "event") {
      if (!current || splits(current, fact))
        current = openSession((current?.number ?? 0) + 1, fact);
      extend(current, fact);
    } else if (current) {
      joinWithoutOpening(current, fact);
    }
    return current?.number ?? null;
  });
}

/** The library stamped a user id before, and this event of the same library has none. */
export function isLogout(stamped: boolean, fact: VisitorFact): boolean {
  return stamped && fact.sticky && fact.userRef === null;
}

function splits(session: Session, fact: VisitorFact): boolean {
  const clickId = clickOf(fact);
  return (
    session.ended ||
    isOver(session, fact.at) ||
    (clickId !== null && !session.clicks.has(clickId)) ||
    (fact.campaign !== null && !session.campaigns.has(fact.campaign)) ||
    (fact.userRef !== null && session.userRef !== null && fact.userRef !== session.userRef) ||
    isLogout(session.stamped, fact)
  );
}

function isOver(session: Session, at: number): boolean {
  return (
    at - session.lastAt > SETTINGS.sessionIdleMs || at - session.startedAt >= SETTINGS.sessionMaxMs
  );
}

function openSession(number: number, fact: VisitorFact): Session {
  return {
    number,
    startedAt: fact.at,
    lastAt: fact.at,
    userRef: null,
    stamped: false,
    ended: false,
    clicks: new Set(),
    campaigns: new Set(),
  };
}

function extend(session: Session, fact: VisitorFact): void {
  const clickId = clickOf(fact);
  session.lastAt = fact.at;
  session.userRef = fact.userRef ?? session.userRef;
  if (fact.sticky) session.stamped = fact.userRef !== null;
  if (clickId !== null) session.clicks.add(clickId);
  if (fact.campaign !== null) session.campaigns.add(fact.campaign);
}

/** A beacon in time is activity like any other; a late one leaves the session's end where it was. */
function joinWithoutOpening(session: Session, fact: VisitorFact): void {
  if (fact.kind === "reset") session.ended = true;
  else if (!session.ended && !isOver(session, fact.at)) session.lastAt = fact.at;
}

function clickOf(fact: VisitorFact): string | null {
  return fact.consent ? fact.clickId : null;
}
