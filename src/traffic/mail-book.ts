import type { StoredEvent } from "../log/event.ts";
import type { MailFacts } from "./define.ts";
import {
  joinLinkFlags,
  joinMailTimes,
  type LinkFlags,
  linkFlagsOf,
  type MailTimes,
  mailFactsOf,
} from "./mail-facts.ts";
import type { TrafficStore } from "./store.ts";

/** After this long a delivery no longer matters to a click. */
const TIMING_MS = 10_000;

/** What a batch of events said about mails. */
export interface MailNews {
  /** Joined with what was known, for the messages and campaigns of which something new is known. */
  readonly times: ReadonlyMap<string, MailTimes>;
  readonly links: ReadonlyMap<string, LinkFlags>;
  /** Messages whose delivery moved, and up to when their hits must be judged again. */
  readonly moved: readonly { key: string; to: number }[];
}

/** Reads the `sent`, `delivered` and `rewrite` facts of a batch. */
export async function readMailNews(
  events: readonly StoredEvent[],
  store: TrafficStore,
): Promise<MailNews> {
  const reported = new Map<string, MailTimes>();
  const listed = new Map<string, LinkFlags>();
  for (const event of events) {
    const { type, message_id: message, campaign_id: campaign, occurred_at: at } = event;
    if (message !== null && (type === "sent" || type === "delivered")) {
      const known = reported.get(message) ?? { sentAt: null, deliveredAt: null };
      const report = {
        sentAt: type === "sent" ? at : null,
        deliveredAt: type === "delivered" ? at : null,
      };
      reported.set(message, joinMailTimes(known, report));
    }
    if (campaign !== null && type === "rewrite") {
      listed.set(campaign, joinLinkFlags(listed.get(campaign) ?? new Map(), linkFlagsOf(event)));
    }
  }
  return { ...(await joinTimes(reported, store)), links: await joinLinks(listed, store) };
}

async function joinTimes(
  reported: ReadonlyMap<string, MailTimes>,
  store: TrafficStore,
): Promise<Pick<MailNews, "times" | "moved">> {
  const known = await store.mailTimes([...reported.keys()]);
  const times = new Map<string, MailTimes>();
  const moved: { key: string; to: number }[] = [];
  for (const [message, report] of reported) {
    const before = known.get(message) ?? { sentAt: null, deliveredAt: null };
    const after = joinMailTimes(before, report);
    if (after.sentAt === before.sentAt && after.deliveredAt === before.deliveredAt) continue;
    times.set(message, after);
    const [was, is] = [deliveryOf(before), deliveryOf(after)];
    if (was !== is) moved.push({ key: message, to: Math.max(was ?? is ?? 0, is ?? 0) + TIMING_MS });
  }
  return { times, moved };
}

function deliveryOf({ sentAt, deliveredAt }: MailTimes): number | null {
  return deliveredAt ?? sentAt;
}

async function joinLinks(
  listed: ReadonlyMap<string, LinkFlags>,
  store: TrafficStore,
): Promise<Map<string, LinkFlags>> {
  const known = await store.linkFlags([...listed.keys()]);
  const links = new Map<string, LinkFlags>();
  for (const [campaign, flags] of listed) {
    const before: LinkFlags = known.get(campaign) ?? new Map();
    const after = joinLinkFlags(before, flags);
    if ([...after].some(([link, said]) => before.get(link) !== said)) links.set(campaign, after);
  }
  return links;
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
  const times = await store.mailTimes(distinct(hits.map((hit) => hit.message_id)));
  const links = await store.linkFlags(distinct(hits.map((hit) => hit.campaign_id)));
  const cache = new Map<string, MailFacts>();
  return (message, campaign) => {
    const key = `${campaign ?? ""} ${message ?? ""}`;
    const cached = cache.get(key);
    if (cached) return cached;
    const facts = mailFactsOf(
      news.links.get(campaign ?? "") ?? links.get(campaign ?? ""),
      news.times.get(message ?? "") ?? times.get(message ?? ""),
    );
    cache.set(key, facts);
    return facts;
  };
}
