import type { LandingWorth } from "./claims.ts";
import { flagOfLanding } from "./claims.ts";
import type { Flag, VisitorFact } from "./fact.ts";
import { isLogout } from "./sessions.ts";
import { SETTINGS } from "./settings.ts";

/** 3: a user id or a server's word. 2: an email typed into a form. 1: landed from a click. */
export type Strength = 1 | 2 | 3;

/** Whose an event is, and the strongest evidence for it. */
export interface Owner {
  readonly contact: string;
  readonly strength: Strength;
  /** Id of the fact that says so: of the strongest ones the first. */
  readonly evidence: string;
}

/** A fact with its session and with what it claims, refs and clicks resolved to contacts. */
export interface SpanFact {
  readonly fact: VisitorFact;
  readonly session: number | null;
  readonly user: string | null;
  readonly email: string | null;
  readonly landing: { readonly contact: string | null; readonly worth: LandingWorth } | null;
  /** It names an erased contact: it claims nothing and is nobody's. */
  readonly erased: boolean;
}

interface Evidence {
  readonly contact: string;
  readonly strength: Strength;
  /** Id of the fact. */
  readonly id: string;
  readonly at: number;
  readonly session: number | null;
}

/** A stretch of a visitor's events, from one index to the next span's, with at most one owner. */
interface Span {
  from: number;
  contact: string | null;
  claimedAt: number;
  evidence: Evidence[];
}

/** What the walk over a visitor's events knows so far. */
interface Walk {
  readonly visitor: string;
  readonly facts: readonly SpanFact[];
  readonly spans: Span[];
  readonly flags: Flag[];
  /** Two people use it: a claim reaches back over its own session only. */
  shared: boolean;
  stamped: boolean;
}

/**
 * Finds the owner of each event of one visitor: the decision table, walked in event-time order.
 *
 * @param facts in the order of `byTime`, without invalid ones and ones without consent
 * @returns one owner a fact, in the same order, and the findings on the way
 */
export function assignOwners(
  visitor: string,
  facts: readonly SpanFact[],
): { owners: (Owner | null)[]; flags: Flag[] } {
  const walk: Walk = { visitor, facts, spans: [], flags: [], shared: false, stamped: false };
  openSpan(walk, 0);
  facts.forEach((own, index) => {
    step(walk, own, index);
  });
  if (isKiosk(walk)) {
    walk.flags.push({ kind: "kiosk", about: [visitor] });
    return { owners: facts.map(ownerOfItself), flags: walk.flags };
  }
  const owners = ownersOfSpans(walk);
  return {
    owners: facts.map((own, i) => (own.erased ? null : (asserted(own) ?? owners[i] ?? null))),
    flags: walk.flags,
  };
}

function step(walk: Walk, own: SpanFact, index: number): void {
  const { fact } = own;
  if (isExpired(last(walk), fact.at) || isLogout(walk.stamped, fact)) openSpan(walk, index);
  if (fact.sticky && fact.channel === "browser") walk.stamped = fact.userRef !== null;
  if (own.user !== null) claimByUser(walk, own, index, own.user);
  if (own.landing) claimByClick(walk, own, index, own.landing);
  if (own.user === null && own.email !== null) claimByEmail(walk, own, index, own.email);
  if (fact.kind === "reset") {
    openSpan(walk, index + 1);
    walk.stamped = false;
  }
}

function claimByUser(walk: Walk, own: SpanFact, index: number, contact: string): void {
  const span = last(walk);
  const evidence = evidenceOf(own, contact, 3);
  if (span.contact === null || span.contact === contact) {
    confirm(walk, own, index, evidence);
    return;
  }
  if (own.fact.channel === "server") return;
  if (strengthOf(span) === 3) {
    walk.shared = flagShared(walk);
    openSpan(walk, index, evidence);
    return;
  }
  contradict(walk, own, index, evidence, span.contact);
}

function claimByEmail(walk: Walk, own: SpanFact, index: number, contact: string): void {
  const span = last(walk);
  const evidence = evidenceOf(own, contact, own.fact.channel === "server" ? 3 : 2);
  if (span.contact === null || span.contact === contact) {
    confirm(walk, own, index, evidence);
    return;
  }
  if (own.fact.channel === "server") return;
  if (strengthOf(span) === 3) {
    // A referral form, or a colleague's address: the person at the keyboard stays the same.
    walk.flags.push({ kind: "form_email_differs", about: [own.fact.id] });
    return;
  }
  contradict(walk, own, index, evidence, span.contact);
}

function claimByClick(
  walk: Walk,
  own: SpanFact,
  index: number,
  { contact, worth }: NonNullable<SpanFact["landing"]>,
): void {
  const clickId = own.fact.clickId ?? "";
  walk.flags.push(...flagOfLanding(worth, clickId));
  if (worth !== "claim" || contact === null) return;
  const span = last(walk);
  const evidence = evidenceOf(own, contact, 1);
  if (span.contact === null || span.contact === contact) {
    confirm(walk, own, index, evidence);
    return;
  }
  const isGuarded = strengthOf(span) > 1 && own.fact.at - lastEvidenceAt(span) <= SETTINGS.guardMs;
  if (!isGuarded) {
    openSpan(walk, index, evidence);
    return;
  }
  walk.flags.push({ kind: "foreign_click", about: [clickId] });
  walk.flags.push({ kind: "merge_suggested", about: [span.contact, contact] });
}

/** Somebody else, by a stronger word than the owner's: who was it until now? */
function contradict(
  walk: Walk,
  own: SpanFact,
  index: number,
  evidence: Evidence,
  owner: string,
): void {
  const span = last(walk);
  if (own.session !== null && span.evidence.every((known) => known.session === own.session)) {
    // All that spoke for the owner came in this visit: a forwarded mail, or a typo put right.
    walk.flags.push({ kind: "forwarded", about: [owner, evidence.contact] });
    giveSpan(span, evidence);
    return;
  }
  walk.shared = flagShared(walk);
  walk.flags.push({ kind: "merge_suggested", about: [owner, evidence.contact] });
  openSpan(walk, startOfSession(walk, own, index), evidence);
}

/** The owner again, or the first one of a span without. */
function confirm(walk: Walk, own: SpanFact, index: number, evidence: Evidence): void {
  const span = last(walk);
  if (span.contact !== null) {
    span.evidence.push(evidence);
    return;
  }
  if (isSecondPerson(walk, evidence)) walk.shared = flagShared(walk);
  if (walk.shared) openSpan(walk, startOfSession(walk, own, index), evidence);
  else giveSpan(span, evidence);
}

/** Somebody else asserted to be the visitor before, and left: two people use it. */
function isSecondPerson({ spans }: Walk, { contact, strength }: Evidence): boolean {
  return (
    strength > 1 &&
    spans.some(
      (span) =>
        span.contact !== null &&
        span.contact !== contact &&
        span.evidence.some((known) => known.strength > 1),
    )
  );
}

function giveSpan(span: Span, evidence: Evidence): void {
  span.contact = evidence.contact;
  span.claimedAt = evidence.at;
  span.evidence = [evidence];
}

function flagShared(walk: Walk): true {
  walk.flags.push({ kind: "shared", about: [walk.visitor] });
  return true;
}

function openSpan(walk: Walk, from: number, evidence?: Evidence): void {
  const contact = evidence?.contact ?? null;
  walk.spans.push({
    from,
    contact,
    claimedAt: evidence?.at ?? 0,
    evidence: evidence ? [evidence] : [],
  });
}

function startOfSession(walk: Walk, own: SpanFact, index: number): number {
  let start = index;
  for (let i = index - 1; i >= last(walk).from && own.session !== null; i--) {
    const session = walk.facts[i]?.session;
    if (session === own.session) start = i;
    else if (session !== null) break;
  }
  return start;
}

function isExpired(span: Span, at: number): boolean {
  if (span.contact === null) return false;
  // From the newest back: a visitor whose every event is stamped has thousands.
  const fresh = span.evidence.findLast(
    (known) =>
      at - known.at <= (known.strength === 1 ? SETTINGS.clickTtlMs : SETTINGS.explicitTtlMs),
  );
  return fresh === undefined;
}

function ownersOfSpans({ spans, facts }: Walk): (Owner | null)[] {
  return spans.flatMap((span, i) => {
    const owner = ownerOfSpan(span);
    return facts
      .slice(span.from, spans[i + 1]?.from ?? facts.length)
      .map(({ fact }) => (span.claimedAt - fact.at > SETTINGS.lookbackMs ? null : owner));
  });
}

function ownerOfSpan({ contact, evidence }: Span): Owner | null {
  const [first, ...others] = evidence;
  if (contact === null || !first) return null;
  const strongest = others.reduce(
    (best, next) => (next.strength > best.strength ? next : best),
    first,
  );
  return { contact, strength: strongest.strength, evidence: strongest.id };
}

function asserted({ user, email, fact }: SpanFact): Owner | null {
  const contact = user ?? (fact.channel === "server" ? email : null);
  return contact === null ? null : { contact, strength: 3, evidence: fact.id };
}

function ownerOfItself(own: SpanFact): Owner | null {
  if (own.user === null && own.email !== null) {
    const strength = own.fact.channel === "server" ? 3 : 2;
    return { contact: own.email, strength, evidence: own.fact.id };
  }
  const clicked = own.landing?.worth === "claim" ? own.landing.contact : null;
  const landed = clicked === null ? null : { contact: clicked, strength: 1 as const };
  return asserted(own) ?? (landed && { ...landed, evidence: own.fact.id });
}

/** Too many people in a week: a kiosk, or an anonymous id that somebody hard-coded. */
function isKiosk({ spans, facts }: Walk): boolean {
  const claims = [
    ...spans.flatMap(({ evidence }) => evidence),
    ...facts.flatMap(({ fact, user }) => (user === null ? [] : [{ contact: user, at: fact.at }])),
  ].toSorted((a, b) => a.at - b.at);
  const lastSeen = new Map<string, number>();
  return claims.some(({ contact, at }) => {
    lastSeen.set(contact, at);
    if (lastSeen.size <= SETTINGS.kioskContacts) return false;
    for (const [known, seenAt] of lastSeen)
      if (at - seenAt > SETTINGS.kioskMs) lastSeen.delete(known);
    return lastSeen.size > SETTINGS.kioskContacts;
  });
}

function evidenceOf(own: SpanFact, contact: string, strength: Strength): Evidence {
  return { contact, strength, id: own.fact.id, at: own.fact.at, session: own.session };
}

function strengthOf(span: Span): Strength {
  return span.evidence.reduce<Strength>(
    (strongest, { strength }) => (strength > strongest ? strength : strongest),
    1,
  );
}

function lastEvidenceAt(span: Span): number {
  return span.evidence.at(-1)?.at ?? span.claimedAt;
}

function last(walk: Walk): Span {
  const span = walk.spans.at(-1);
  if (!span) throw new Error("A walk begins with a span.");
  return span;
}
