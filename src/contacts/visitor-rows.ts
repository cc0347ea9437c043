import type { ClickFact } from "./fact.ts";
import type { Placed } from "./identity.ts";
import type { JourneyRow } from "./store.ts";
import type { VisitorEvent } from "./store-visitors.ts";
import type { VisitorSessions } from "./visitor-sessions.ts";

/** An event of a visitor, as stored, and what it is now. */
export interface Diff {
  readonly row: VisitorEvent;
  readonly contact: number | null;
  readonly strength: number | null;
  /** The seq of the event that says whose it is. */
  readonly evidence: number | null;
  readonly session: number | null;
  readonly isChanged: boolean;
}

/** Compares what was stored of a visitor's events with what was made of them now. */
export function diffVisitor(
  rows: readonly VisitorEvent[],
  placed: readonly Placed[],
  { nameOf }: VisitorSessions,
): Diff[] {
  const rowOf = new Map(rows.map((row) => [row.fact, row]));
  const seqOf = new Map(rows.map(({ fact, seq }) => [fact.id, seq]));
  return placed.flatMap(({ fact, session: number, owner }) => {
    const row = rowOf.get(fact);
    if (!row) return [];
    const contact = owner === null ? null : Number(owner.contact);
    const strength = owner?.strength ?? null;
    const evidence = seqOf.get(owner?.evidence ?? "") ?? null;
    const session = number === null ? null : (nameOf.get(number) ?? null);
    const isChanged =
      contact !== row.contact ||
      strength !== row.strength ||
      evidence !== row.evidence ||
      session !== row.session;
    return [{ row, contact, strength, evidence, session, isChanged }];
  });
}

/** Where an event's entry stood, if it does not stand there any more. */
export function toLostEntry({ row, contact }: Diff) {
  if (row.contact === null || row.contact === contact) return [];
  return [{ contact: row.contact, occurred_at: row.fact.at, seq: row.seq }];
}

/** The journey entry of an event that has an owner. */
export function toEntry({ row, contact, strength, evidence, session }: Diff): JourneyRow[] {
  if (contact === null) return [];
  return [
    {
      contact,
      occurred_at: row.fact.at,
      seq: row.seq,
      session,
      verdict: row.verdict,
      strength,
      evidence,
      active: row.active ? 1 : 0,
    },
  ];
}

/** The row of `visitor_events`. */
export function toRow({
  visitor,
  seq,
  fact,
  active,
  verdict,
  contact,
  strength,
  evidence,
  session,
}: VisitorEvent) {
  return {
    visitor,
    occurred_at: fact.at,
    seq,
    fact_id: fact.id,
    kind: fact.kind,
    channel: fact.channel,
    consent: fact.consent ? 1 : 0,
    sticky: fact.sticky ? 1 : 0,
    active: active ? 1 : 0,
    user_ref: fact.userRef,
    email_ref: fact.emailRef,
    previous_ref: fact.previousRef,
    click_id: fact.clickId,
    campaign: fact.campaign,
    net: fact.net,
    os: fact.os,
    verdict,
    contact,
    strength,
    evidence,
    session,
  };
}

/** The rows of `visitor_refs`. */
export function toVisitorRefs({ visitor, fact }: VisitorEvent) {
  const refs = [fact.userRef, fact.emailRef, fact.previousRef].flatMap((ref) => ref ?? []);
  return refs.map((ref) => ({ ref, visitor }));
}

/** The row of `email_clicks`. */
export function toClickRow({ clickId, at, ref, human }: ClickFact) {
  return { click_id: clickId, occurred_at: at, ref, human: human ? 1 : 0 };
}
