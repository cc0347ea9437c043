import type { Refs } from "../lib/refs.ts";
import { type DescribedEvent, describeEvent } from "./describe.ts";
import { isJoinable } from "./identity.ts";
import type { Strength } from "./spans.ts";
import { type JourneyRow, readDirectEvents, type Scope } from "./store.ts";
import type { ContactsUpdate } from "./update-contacts.ts";
import type { JourneyUpdate } from "./update-visitors.ts";
import { createWriters } from "./writers.ts";

/**
 * Gives contacts the events that have no visitor: email facts, by the contact of their token, and
 * server events, by the user id or email they carry. Events whose ref now names another contact
 * move with it.
 *
 * @param stored the events of the batch that were handled before
 */
export async function updateDirectEvents(
  scope: Scope,
  events: readonly DescribedEvent[],
  stored: ReadonlySet<number>,
  contacts: ContactsUpdate,
  refs: Refs,
): Promise<JourneyUpdate> {
  const own = events.filter(({ anonymousId }) => anonymousId === null);
  const entries = own.flatMap((event) => toEntry(event, contacts));
  const lost = own
    .filter(({ seq }) => stored.has(seq))
    .flatMap((event) => toLostEntry(event, contacts));
  const moved = await readMoved(scope, new Set(own.map(({ seq }) => seq)), contacts, refs);
  const { journey } = createWriters(scope);
  return {
    contacts: [...entries, ...lost, ...moved.from, ...moved.to].map(({ contact }) => contact),
    reassigned: [...lost, ...moved.from].map(({ seq }) => seq),
    writes: [
      ...journey.remove([...lost, ...moved.from]),
      ...journey.upsert([...entries, ...moved.to]),
    ],
  };
}

function toEntry(event: DescribedEvent, { refs }: ContactsUpdate): JourneyRow[] {
  const contact = refs.get(refOf(event) ?? "")?.contact;
  if (contact === undefined) return [];
  return [
    {
      contact,
      occurred_at: event.fact.at,
      seq: event.seq,
      session: null,
      verdict: event.verdict,
      strength: strengthOf(event),
      evidence: event.isMail ? null : event.seq,
      active: event.active ? 1 : 0,
    },
  ];
}

/** Where the entry of an event stood before, if it does not stand there any more. */
function toLostEntry(event: DescribedEvent, { refs, contactBefore }: ContactsUpdate) {
  const { fact } = event;
  const before = contactBefore.get(event.recipientRef ?? fact.userRef ?? fact.emailRef ?? "");
  if (before === undefined || before === refs.get(refOf(event) ?? "")?.contact) return [];
  return [{ contact: before, occurred_at: fact.at, seq: event.seq }];
}

async function readMoved(
  scope: Scope,
  inBatch: ReadonlySet<number>,
  { refs: refRows, contactBefore, movedRefs }: ContactsUpdate,
  refs: Refs,
): Promise<{ from: JourneyRow[]; to: JourneyRow[] }> {
  const losers = new Set([...movedRefs].flatMap((ref) => contactBefore.get(ref) ?? []));
  const from: JourneyRow[] = [];
  const to: JourneyRow[] = [];
  for (const { row, event } of await readDirectEvents(scope, losers)) {
    const ref = refOf(describeEvent(event, refs, row.verdict));
    const contact = refRows.get(ref ?? "")?.contact;
    const isMoved = ref !== null && movedRefs.has(ref) && contact !== undefined;
    if (!isMoved || contact === row.contact || inBatch.has(row.seq)) continue;
    from.push(row);
    to.push({ ...row, contact });
  }
  return { from, to };
}

/** The ref an event without a visitor follows; null where it is nobody's. */
function refOf({ fact, recipientRef, isMail }: DescribedEvent): string | null {
  if (isMail) return recipientRef ?? fact.userRef ?? fact.emailRef;
  return isJoinable(fact) ? (fact.userRef ?? fact.emailRef) : null;
}

/** A mail's own facts need no evidence: it was addressed to its contact. */
function strengthOf({ isMail, fact }: DescribedEvent): Strength | null {
  if (isMail) return null;
  return fact.userRef !== null || fact.channel === "server" ? 3 : 2;
}
