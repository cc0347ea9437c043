import { toStorableJson, toStorableText } from "../lib/storable.ts";
import { createEvent, type EventRow } from "../log/event.ts";
import type { TrackedLink } from "./rewrite/rewrite.ts";
import type { Contact } from "./schemas.ts";

/** The `source_id` of every fact that a rewrite records. */
const SOURCE_ID = "rewrite";

interface Origin {
  readonly workspaceId: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

interface SentMessage {
  readonly contact: Contact;
  readonly contactRef: string;
  readonly messageRef: string;
  readonly campaign: string;
  readonly campaignId: string;
  /** The sender's own id of the message, if it gave one. */
  readonly messageId: string | undefined;
  /** How many visible links the mail has, and the index of the hidden one: a sweep hits them all. */
  readonly links: number;
  readonly honeypot: number | null;
}

/** One mail for one contact is about to be sent. Recording the same message again is a no-op. */
export function sentFact({ workspaceId, now }: Origin, sent: SentMessage): EventRow {
  const { contact, messageId } = sent;
  return createEvent({
    ...whoIs(contact, sent.contactRef),
    workspace_id: workspaceId,
    source_id: SOURCE_ID,
    event_id: `sent-${sent.messageRef}`,
    source: "email",
    type: "sent",
    name: "email_sent",
    occurred_at: now,
    received_at: now,
    message_id: sent.messageRef,
    campaign_id: sent.campaignId,
    properties: {
      ...traitsOf(contact),
      campaign: toStorableText(sent.campaign),
      links: sent.links,
      ...(sent.honeypot === null ? {} : { honeypot: sent.honeypot }),
      ...(messageId === undefined ? {} : { message_id: toStorableText(messageId) }),
    },
  });
}

/** A contact was named without a mail being sent to it. */
export function identifyFact(
  { workspaceId, now }: Origin,
  contact: Contact,
  contactRef: string,
  eventId: string,
): EventRow {
  return createEvent({
    ...whoIs(contact, contactRef),
    workspace_id: workspaceId,
    source_id: SOURCE_ID,
    event_id: eventId,
    source: "email",
    type: "identify",
    name: "identify",
    occurred_at: now,
    received_at: now,
    properties: traitsOf(contact),
  });
}

interface RewrittenCampaign {
  readonly campaign: string;
  readonly campaignId: string;
  readonly links: readonly TrackedLink[];
  /** The index of the hidden link, if the mail has one. */
  readonly honeypot: number | null;
}

/** The links of a campaign's mail, for reports: one fact a distinct list, never one a link. */
export function rewriteFact(
  { workspaceId, now }: Origin,
  { campaign, campaignId, links, honeypot }: RewrittenCampaign,
  eventId: string,
): EventRow {
  return createEvent({
    workspace_id: workspaceId,
    source_id: SOURCE_ID,
    event_id: eventId,
    source: "email",
    type: "rewrite",
    name: "email_rewritten",
    occurred_at: now,
    received_at: now,
    campaign_id: campaignId,
    properties: toStorableJson({ campaign, links: describeLinks(links), honeypot }),
  });
}

/** What a link list is compared by, and what is stored of it. */
export function describeLinks(links: readonly TrackedLink[]) {
  return links.map(({ index, name, text, destination }) => ({
    index,
    name,
    text,
    url: destination,
  }));
}

function whoIs(contact: Contact, contactRef: string) {
  return {
    user_id: contact.id === undefined ? null : toStorableText(contact.id),
    email_claim: contact.email === undefined ? null : toStorableText(contact.email),
    recipient_contact: contactRef,
  };
}

function traitsOf(contact: Contact): Record<string, unknown> {
  return contact.traits === undefined ? {} : { traits: toStorableJson(contact.traits) };
}
