import { judgeLandings, type Landing, type LandingWorth } from "./claims.ts";
import { byTime, type ClickFact, distinctFlags, type Flag, type VisitorFact } from "./fact.ts";
import { groupBy } from "./group-by.ts";
import { assignSessions } from "./sessions.ts";
import { SETTINGS } from "./settings.ts";
import { assignOwners, type Owner, type SpanFact } from "./spans.ts";

/** What is known outside a visitor: whom a ref names, and what its landings are worth. */
export interface Surroundings {
  /** The contact a ref names; undefined for a ref nobody has, null for an erased contact. */
  contactOf(ref: string): string | null | undefined;
  /** The click of an id, where it is known. */
  clickOf(clickId: string): ClickFact | undefined;
  /** The worth of a landing, among those of all visitors: see `judgeLandings`. */
  worthOf(clickId: string, eventId: string): LandingWorth | undefined;
}

/** What became of one fact of a visitor. */
export interface Placed {
  readonly fact: VisitorFact;
  /** Number of its session within the visitor, from 1. */
  readonly session: number | null;
  readonly owner: Owner | null;
}

/**
 * Sessions and owners of one visitor's events, computed from all its facts: the same in any order
 * of arrival.
 *
 * Invalid events and ones without consent claim nothing and are nobody's.
 */
export function placeVisitor(
  visitor: string,
  facts: readonly VisitorFact[],
  surroundings: Surroundings,
): { placed: Placed[]; flags: Flag[] } {
  const inOrder = facts.toSorted(byTime);
  const sessions = assignSessions(inOrder);
  const around = sessionsAround(inOrder, sessions);
  const joinable = inOrder.flatMap((fact, i) =>
    isJoinable(fact) ? [toSpanFact(fact, around[i] ?? null, surroundings)] : [],
  );
  const { owners, flags } = assignOwners(visitor, joinable);
  const ownerOf = new Map(joinable.map(({ fact }, i) => [fact, owners[i] ?? null]));
  const placed = inOrder.flatMap((fact, i) =>
    fact.kind === "alias"
      ? []
      : [{ fact, session: sessions[i] ?? null, owner: ownerOf.get(fact) ?? null }],
  );
  return { placed, flags: distinctFlags(flags) };
}

/**
 * Owners of events that share an anonymous id which is no visitor's: each is whom it names itself,
 * and there are no sessions. So any part of its events can be placed without the others.
 */
export function placeCrowd(
  visitor: string,
  facts: readonly VisitorFact[],
  surroundings: Surroundings,
): { placed: Placed[]; flags: Flag[] } {
  const placed = facts
    .filter(({ kind }) => kind !== "alias")
    .map((fact) => ({ fact, session: null, owner: placeAlone(fact, surroundings) }));
  return { placed, flags: [{ kind: "kiosk", about: [visitor] }] };
}

/** The owner of an event without a visitor: whom it names. */
export function placeAlone(fact: VisitorFact, surroundings: Surroundings): Owner | null {
  if (!isJoinable(fact)) return null;
  const ref = fact.userRef ?? fact.emailRef;
  const contact = ref === null ? null : surroundings.contactOf(ref);
  if (contact === null || contact === undefined) return null;
  const strength = fact.userRef !== null || fact.channel === "server" ? 3 : 2;
  return { contact, strength, evidence: fact.id };
}

/** The worth of every landing, by click and event id. */
export function judgeAllLandings(
  clicks: readonly ClickFact[],
  landings: readonly (Landing & { readonly clickId: string })[],
): (clickId: string, eventId: string) => LandingWorth | undefined {
  const byClick = groupBy(landings, ({ clickId }) => clickId);
  const worths = new Map(
    clicks.map((click) => [click.clickId, judgeLandings(click, byClick.get(click.clickId) ?? [])]),
  );
  return (clickId, eventId) => worths.get(clickId)?.get(eventId);
}

/** Whether an event may be joined to anybody, and so may land from a click. */
export function isJoinable(fact: Pick<VisitorFact, "invalid" | "consent">): boolean {
  return fact.consent && !fact.invalid;
}

function toSpanFact(
  fact: VisitorFact,
  session: number | null,
  { contactOf, clickOf, worthOf }: Surroundings,
): SpanFact {
  if (fact.kind === "alias") return toAliasFact(fact, session, contactOf);
  const user = fact.userRef === null ? undefined : contactOf(fact.userRef);
  const email = fact.emailRef === null ? undefined : contactOf(fact.emailRef);
  const click = fact.clickId === null ? undefined : clickOf(fact.clickId);
  const worth = click && worthOf(click.clickId, fact.id);
  const contact = click?.ref ? (contactOf(click.ref) ?? null) : null;
  return {
    fact,
    session,
    user: user ?? null,
    email: fact.userRef === null ? (email ?? null) : null,
    landing: worth === undefined ? null : { contact, worth },
    erased: user === null || (fact.userRef === null && email === null),
  };
}

/** An alias names a visitor, unless what it names is a user id: then it is about contacts alone. */
function toAliasFact(
  fact: VisitorFact,
  session: number | null,
  contactOf: Surroundings["contactOf"],
): SpanFact {
  const isVisitor = fact.previousRef !== null && contactOf(fact.previousRef) === undefined;
  const user = isVisitor && fact.userRef !== null ? (contactOf(fact.userRef) ?? null) : null;
  return { fact, session, user, email: null, landing: null, erased: false };
}

/** Server events belong to no session, but what they claim is said during one. */
function sessionsAround(
  facts: readonly VisitorFact[],
  sessions: readonly (number | null)[],
): (number | null)[] {
  let known: { session: number; at: number } | undefined;
  return facts.map((fact, i) => {
    const session = sessions[i] ?? null;
    if (session !== null) {
      known = { session, at: fact.at };
      return session;
    }
    return known && fact.at - known.at <= SETTINGS.sessionIdleMs ? known.session : null;
  });
}
