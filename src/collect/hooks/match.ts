import type { Refs } from "../../lib/refs.ts";
import { toStorableText } from "../../lib/storable.ts";
import { createEvent, type EventRow } from "../../log/event.ts";
import type { HookEvent, Outcome } from "./define.ts";
import type { SentMail } from "./store.ts";

/** A provider's event that became a fact, or why it did not. */
export interface Matched {
  readonly given: HookEvent;
  readonly fact: EventRow | "ignored" | "invalid" | "unmatched" | "waiting";
}

export interface MatchDeps {
  readonly findSent: (workspaceId: number, refs: readonly string[]) => Promise<SentMail[]>;
  /** Those of the references that name a contact of the workspace. */
  readonly findKnown: (workspaceId: number, refs: readonly string[]) => Promise<Set<string>>;
}

/** Whose events these are, and when they came (milliseconds since the Unix epoch). */
export interface Origin {
  readonly workspaceId: number;
  readonly sourceId: string;
  readonly refs: Refs;
  readonly receivedAt: number;
}

/**
 * Finds the mail or the contact of each event: by the message id of our rewrite, else by the sender's own id of
 * the contact or the address. An event of nobody we know never makes a contact.
 */
export async function matchEvents(
  origin: Origin,
  events: readonly HookEvent[],
  deps: MatchDeps,
): Promise<Matched[]> {
  const found = await findRecipients(origin, events, deps);
  return events.map((given) => matchEvent(origin, given, found));
}

/** The mails and contacts of a workspace that events may be about. */
export interface Recipients {
  /** By the reference of the message. */
  readonly mails: ReadonlyMap<string, SentMail>;
  /** References of contacts. */
  readonly known: ReadonlySet<string>;
}

/** Looks all of them up at once: two questions, however many events there are. */
export async function findRecipients(
  { workspaceId, refs }: Pick<Origin, "workspaceId" | "refs">,
  events: readonly HookEvent[],
  { findSent, findKnown }: MatchDeps,
): Promise<Recipients> {
  const messageRefs = events.flatMap((event) => messageRefsOf(event, refs));
  const contactRefs = events.flatMap((event) => contactRefsOf(event, refs));
  const sent = await findSent(workspaceId, [...new Set(messageRefs)]);
  const mails = new Map(sent.map((mail) => [mail.message_id, mail]));
  const known = await findKnown(workspaceId, [...new Set(contactRefs)]);
  return { mails, known };
}

/** Makes a fact of an event, where it is about one of these. */
export function matchEvent(
  origin: Origin,
  given: HookEvent,
  { mails, known }: Recipients,
): Matched {
  const { refs } = origin;
  const { outcome } = given;
  if (outcome === "ignored" || outcome === "invalid") return { given, fact: outcome };
  const mail = messageRefsOf(given, refs).flatMap((ref) => mails.get(ref) ?? [])[0];
  const whose = mail ? ofMail(mail) : ofContact(given, refs, known);
  const fact = whose ? { ...toFact(given, outcome, origin), ...whose } : "unmatched";
  return { given, fact };
}

const OUR_REF = /^[\w-]{11}$/;

/** A rewrite answers the sender's own message id, or our reference where it had none. */
function messageRefsOf({ messageId }: HookEvent, refs: Refs): string[] {
  if (messageId === null) return [];
  const own = refs.message(messageId);
  return OUR_REF.test(messageId) ? [own, messageId] : [own];
}

function contactRefsOf({ contactId, email }: HookEvent, refs: Refs): string[] {
  return [
    contactId === null ? null : refs.contact({ id: contactId }),
    email === null ? null : refs.contact({ email }),
  ].filter((ref) => ref !== null);
}

function ofMail({ message_id, campaign_id, recipient_contact }: SentMail): Partial<EventRow> {
  return { message_id, campaign_id, recipient_contact };
}

function ofContact(
  given: HookEvent,
  refs: Refs,
  known: ReadonlySet<string>,
): Partial<EventRow> | undefined {
  const recipient = contactRefsOf(given, refs).find((ref) => known.has(ref));
  if (recipient === undefined) return undefined;
  return {
    recipient_contact: recipient,
    message_id: given.messageId === null ? null : refs.message(given.messageId),
    campaign_id: given.campaign === null ? null : refs.campaign(given.campaign),
  };
}

function toFact(given: HookEvent, outcome: Outcome, origin: Origin): EventRow {
  const properties = Object.entries({ ...given.properties, ...namesOf(given) });
  return createEvent({
    workspace_id: origin.workspaceId,
    source_id: origin.sourceId,
    event_id: toStorableText(given.id),
    source: "esp",
    type: outcome,
    name: `email_${outcome}`,
    // A provider's clock may be ahead: nothing happened after it was told.
    occurred_at: Math.min(given.at ?? origin.receivedAt, origin.receivedAt),
    received_at: origin.receivedAt,
    properties: Object.fromEntries(
      properties.map(([key, value]) => [toStorableText(key), toStorableText(value)]),
    ),
  });
}

function namesOf({ messageId, campaign }: HookEvent): Record<string, string> {
  return {
    ...(messageId === null ? {} : { message_id: messageId }),
    ...(campaign === null ? {} : { campaign }),
  };
}
