import type { StoredEvent } from "../log/event.ts";
import type { MailFacts } from "./define.ts";
import {
  joinLinkFlags,
  joinMessageFacts,
  type LinkFlags,
  linkFlagsOf,
  type MessageFacts,
  mailFactsOf,
  messageFactsOf,
  UNKNOWN_MESSAGE,
} from "./mail-facts.ts";
import type { TrafficStore } from "./store.ts";

/** A link of a campaign whose meaning changed: it is known as hidden or as unsubscribe, or no longer. */
interface ChangedLink {
  readonly campaign: string;
  readonly link: string;
}

/** What a batch of events said about mails. */
export interface MailNews {
  /** Joined with what was known, for the messages and campaigns of which something new is known. */
  readonly messages: ReadonlyMap<string, MessageFacts>;
  readonly links: ReadonlyMap<string, LinkFlags>;
  readonly changedLinks: readonly ChangedLink[];
}

/** Reads the `sent`, `delivered` and `rewrite` facts of a batch. */
export async function readMailNews(
  events: readonly StoredEvent[],
  store: TrafficStore,
): Promise<MailNews> {
  const messages = await joinMessages(collectMessages(events), store);
  return { messages, ...(await joinLinks(collectLinks(events), store)) };
}

function collectMessages(events: readonly StoredEvent[]): Map<string, MessageFacts> {
  const reported = new Map<string, MessageFacts>();
  for (const event of events) {
    const facts = messageFactsOf(event);
    const message = event.message_id;
    if (!facts || message === null) continue;
    reported.set(message, joinMessageFacts(reported.get(message) ?? UNKNOWN_MESSAGE, facts));
  }
  return reported;
}

function collectLinks(events: readonly StoredEvent[]): Map<string, LinkFlags> {
  const listed = new Map<string, LinkFlags>();
  for (const event of events) {
    const campaign = event.campaign_id;
    if (event.type !== "rewrite" || campaign === null) continue;
    listed.set(campaign, joinLinkFlags(listed.get(campaign) ?? new Map(), linkFlagsOf(event)));
  }
  return listed;
}

async function joinMessages(
  reported: ReadonlyMap<string, MessageFacts>,
  store: TrafficStore,
): Promise<Map<string, MessageFacts>> {
  const known = await store.messages([...reported.keys()]);
  const messages = new Map<string, MessageFacts>();
  for (const [message, report] of reported) {
    const before = known.get(message);
    const after = joinMessageFacts(before ?? UNKNOWN_MESSAGE, report);
    if (JSON.stringify(after) !== JSON.stringify(before)) messages.set(message, after);
  }
  return messages;
}

async function joinLinks(
  listed: ReadonlyMap<string, LinkFlags>,
  store: TrafficStore,
): Promise<Pick<MailNews, "links" | "changedLinks">> {
  const known = await store.linkFlags([...listed.keys()]);
  const links = new Map<string, LinkFlags>();
  const changedLinks: ChangedLink[] = [];
  for (const [campaign, flags] of listed) {
    const before = known.get(campaign) ?? new Map<string, number>();
    const after = joinLinkFlags(before, flags);
    if (![...after].some(([link, said]) => before.get(link) !== said)) continue;
    links.set(campaign, after);
    const changed = [...after.keys()].filter((link) => meansOther(link, before, after));
    changedLinks.push(...changed.map((link) => ({ campaign, link })));
  }
  return { links, changedLinks };
}

function meansOther(link: string, before: LinkFlags, after: LinkFlags): boolean {
  const [was, is] = [mailFactsOf(before), mailFactsOf(after)];
  return (
    was.traps.has(link) !== is.traps.has(link) ||
    was.unsubscribes.has(link) !== is.unsubscribes.has(link)
  );
}

/** Looks up what is known of the mails of some hits, the batch's own news included. */
export async function readMailFacts(
  hits: readonly { message_id: string | null; campaign_id: string | null }[],
  news: MailNews,
  store: TrafficStore,
): Promise<(message: string | null, campaign: string | null) => MailFacts> {
  const distinct = (ids: readonly (string | null)[]): string[] => [
    ...new Set(ids.filter((id) => id !== null)),
  ];
  const [messages, links] = await Promise.all([
    store.messages(distinct(hits.map((hit) => hit.message_id))),
    store.linkFlags(distinct(hits.map((hit) => hit.campaign_id))),
  ]);
  const cache = new Map<string, MailFacts>();
  return (message, campaign) => {
    const key = `${campaign ?? ""} ${message ?? ""}`;
    const cached = cache.get(key);
    if (cached) return cached;
    const facts = mailFactsOf(
      news.links.get(campaign ?? "") ?? links.get(campaign ?? ""),
      news.messages.get(message ?? "") ?? messages.get(message ?? ""),
    );
    cache.set(key, facts);
    return facts;
  };
}
