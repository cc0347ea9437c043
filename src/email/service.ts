import { LRUCache } from "lru-cache";
import type { RequestIds } from "../lib/idempotency.ts";
import type { Refs } from "../lib/refs.ts";
import type { EventRow } from "../log/event.ts";
import { describeLinks, identifyFact, rewriteFact, sentFact } from "./facts.ts";
import { type ItemError, readItem } from "./items.ts";
import {
  type Addressee,
  addressMail,
  type MailParts,
  prepareMail,
  type RewriteEnvironment,
  reportOf,
} from "./prepare.ts";
import { type FilledMail, fillMail, type RewrittenMail } from "./rewrite/rewrite.ts";
import {
  type BatchRecipient,
  type Contact,
  contactSchema,
  type RewriteAnswer,
  type RewriteRequest,
  recipientSchema,
} from "./schemas.ts";
import type { Tokens } from "./tokens.ts";
import type { UtmParams } from "./utm.ts";

/** What rewriting needs from the rest of the house. */
export interface RewriteServiceDeps {
  readonly tokens: Tokens;
  /**
   * Base URLs of ours, without a path but for the one we are mounted under: first the one that links stand
   * on, then all others of the workspace, present and former.
   *
   * @param domain the tracking domain that a mail asks for; throws `domain_not_verified` (422)
   */
  readonly basesOf: (workspaceId: number, domain?: string) => readonly [string, ...string[]];
  /** Rejects with `too_many_new_hosts` (429) when the workspace may not lead to all of these URLs yet. */
  readonly admitDestinations: (workspaceId: number, urls: readonly string[]) => Promise<void>;
  readonly refsOf: (workspaceId: number) => Refs;
  /** Stored UTM defaults of a campaign; none at first. */
  readonly utmDefaultsOf?: (workspaceId: number, campaign: string) => UtmParams;
  /** Resolves once the facts are durable; rejects with `journal_full` or `storage_unavailable`. */
  readonly record: (events: readonly EventRow[]) => Promise<void>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly createId: (now: number) => string;
}

/** A mail rewritten for one recipient, and what goes into its report. */
export interface RewrittenForOne extends FilledMail {
  readonly answer: Omit<RewriteAnswer, "html" | "text">;
}

/** One line of a batch's answer: the recipient's mail, or what was wrong with the recipient. */
export type BatchLine =
  | {
      readonly index: number;
      readonly contact: { readonly id: string | null; readonly email: string | null };
      readonly message_id: string;
      readonly html: string | undefined;
      readonly text: string | undefined;
    }
  | { readonly index: number; readonly error: ItemError };

/** A contact's token, for a merge field of the sending platform; or what was wrong with the contact. */
export type RecipientLine =
  | { readonly id: string | null; readonly email: string | null; readonly token: string }
  | { readonly index: number; readonly error: ItemError };

/** Recipients whose facts are recorded, and whose mails are written, together. */
const BATCH_SLICE = 200;
/** Distinct link lists that this process remembers to have recorded. */
const REMEMBERED_LISTS = 2000;

export type RewriteService = ReturnType<typeof createRewriteService>;

/** Rewrites mails and records what follows from it, without ever touching the database. */
export function createRewriteService(deps: RewriteServiceDeps) {
  const recorded = new LRUCache<string, true>({ max: REMEMBERED_LISTS });
  const freshId: RequestIds = () => deps.createId(deps.now());

  function environmentOf(workspaceId: number, request: RewriteRequest): RewriteEnvironment {
    return {
      tokens: deps.tokens,
      refs: deps.refsOf(workspaceId),
      workspaceId,
      trackingBases: deps.basesOf(workspaceId, request.options.tracking_domain),
      utmDefaults: deps.utmDefaultsOf?.(workspaceId, request.campaign) ?? {},
    };
  }

  async function rewrite(
    workspaceId: number,
    request: RewriteRequest,
    parts: MailParts,
    newId = freshId,
  ): Promise<RewrittenForOne> {
    const environment = environmentOf(workspaceId, request);
    const mail = prepareMail(environment, request, parts);
    await admitLinks(workspaceId, mail);
    const addressee = request.template
      ? undefined
      : addressMail(environment, request, newId("message 0"));
    const identifyId = newId("identify 0");
    const facts = addressee ? contactFacts(environment, request, addressee, mail, identifyId) : [];
    await recordAll(environment, request.campaign, mail, facts, newId("links"));

    const recipient = addressee?.recipient ?? request.template?.recipient_tag ?? "";
    return {
      ...fillMail(mail, recipient),
      answer: {
        campaign: request.campaign,
        campaign_id: environment.refs.campaign(request.campaign),
        message_id: addressee ? (request.message_id ?? addressee.messageRef) : null,
        ...reportOf(mail, recipient),
      },
    };
  }

  /** Yields slices of lines; each slice's facts are durable before its lines are yielded. */
  async function* rewriteBatch(
    workspaceId: number,
    request: RewriteRequest,
    parts: MailParts,
    recipients: readonly unknown[],
    newId = freshId,
  ): AsyncGenerator<BatchLine[]> {
    const environment = environmentOf(workspaceId, request);
    const mail = prepareMail(environment, request, parts);
    await admitLinks(workspaceId, mail);
    for (let from = 0; from < recipients.length; from += BATCH_SLICE) {
      const facts: EventRow[] = [];
      const lines = recipients.slice(from, from + BATCH_SLICE).map((given, at): BatchLine => {
        const index = from + at;
        const read = readItem(recipientSchema, given);
        if ("error" in read) return { index, ...read };
        const recipient = read.item;
        const addressee = addressMail(environment, recipient, newId(`message ${index}`));
        const own = { ...request, ...recipient };
        facts.push(...contactFacts(environment, own, addressee, mail, newId(`identify ${index}`)));
        return batchLine(index, recipient, addressee, mail);
      });
      await recordAll(environment, request.campaign, mail, facts, newId("links"));
      yield lines;
    }
  }

  async function sealRecipients(
    workspaceId: number,
    contacts: readonly unknown[],
    newId = freshId,
  ): Promise<RecipientLine[]> {
    const refs = deps.refsOf(workspaceId);
    const facts: EventRow[] = [];
    const lines = contacts.map((given, index): RecipientLine => {
      const read = readItem(contactSchema, given);
      if ("error" in read) return { index, ...read };
      const contact = read.item;
      const contactRef = refs.contact(contact) ?? "";
      const origin = { workspaceId, now: deps.now() };
      facts.push(identifyFact(origin, contact, contactRef, newId(`identify ${index}`)));
      const token = deps.tokens.sealRecipient(workspaceId, { contact: contactRef, message: null });
      return { ...namesOf(contact), token };
    });
    if (facts.length > 0) await deps.record(facts);
    return lines;
  }

  function admitLinks(workspaceId: number, { links }: RewrittenMail): Promise<void> {
    return deps.admitDestinations(
      workspaceId,
      links.map(({ destination }) => destination),
    );
  }

  function contactFacts(
    { workspaceId, refs }: RewriteEnvironment,
    request: RewriteRequest,
    { contactRef, messageRef }: Addressee,
    { links, honeypot }: RewrittenMail,
    identifyId: string,
  ): EventRow[] {
    const { contact, campaign, message_id: messageId } = request;
    if (!contact || contactRef === null) return [];
    const origin = { workspaceId, now: deps.now() };
    if (!request.options.record_sent) {
      return [identifyFact(origin, contact, contactRef, identifyId)];
    }
    const campaignId = refs.campaign(campaign);
    const message = { contactRef, messageRef, messageId, links: links.length, honeypot };
    return [sentFact(origin, { contact, campaign, campaignId, ...message })];
  }

  /** Adds the campaign's link list to the facts, unless this process recorded the very same one. */
  async function recordAll(
    { workspaceId, refs }: RewriteEnvironment,
    campaign: string,
    { links, honeypot }: RewrittenMail,
    facts: readonly EventRow[],
    listId: string,
  ): Promise<void> {
    const campaignId = refs.campaign(campaign);
    const list = JSON.stringify([workspaceId, campaignId, describeLinks(links), honeypot]);
    const isNew = !recorded.has(list);
    const origin = { workspaceId, now: deps.now() };
    const known = { campaign, campaignId, links, honeypot };
    const all = isNew ? [rewriteFact(origin, known, listId), ...facts] : facts;
    if (all.length > 0) await deps.record(all);
    if (isNew) recorded.set(list, true);
  }

  return { rewrite, rewriteBatch, sealRecipients };
}

function batchLine(
  index: number,
  { contact, message_id: messageId }: BatchRecipient,
  addressee: Addressee,
  mail: RewrittenMail,
): BatchLine {
  const { html, text } = fillMail(mail, addressee.recipient);
  const message_id = messageId ?? addressee.messageRef;
  return { index, contact: namesOf(contact), message_id, html, text };
}

function namesOf(contact: Contact): { id: string | null; email: string | null } {
  return { id: contact.id ?? null, email: contact.email ?? null };
}
