import type { EventRow } from "../log/event.ts";
import type { MailFacts } from "./define.ts";

/** What the lists of a campaign's links have said about one link id, as bits. */
const LINK = { visible: 1, hidden: 2, unsubscribe: 4, notUnsubscribe: 8 } as const;

/** When a message was sent and delivered, the earliest report of each. Milliseconds or null. */
export interface MailTimes {
  readonly sentAt: number | null;
  readonly deliveredAt: number | null;
}

/** Link id to what was said about it, over all mails of one campaign. */
export type LinkFlags = ReadonlyMap<string, number>;

const UNSUBSCRIBE = /unsubscri|opt[-_ ]?out|abmeld|abbestell|désabonn|desinscri|désinscri/i;

/**
 * Reads the links that a `rewrite` fact lists, as flags by link id; `honeypot: true` beside the list
 * says that a hidden one follows it.
 *
 * Mails of one campaign may differ, so flags of several lists are joined with `|`: a link id counts as
 * hidden or as the unsubscribe link only where no mail of the campaign uses it for anything else.
 */
export function linkFlagsOf({ properties }: EventRow): Map<string, number> {
  const { links, honeypot } = properties;
  const listed: readonly Record<string, unknown>[] = Array.isArray(links) ? links : [];
  const flags = new Map<string, number>();
  for (const { index, name, text, url } of listed) {
    const says = `${name ?? ""} ${text ?? ""} ${url ?? ""}`;
    const leaves = UNSUBSCRIBE.test(says) ? LINK.unsubscribe : LINK.notUnsubscribe;
    flags.set(String(index), LINK.visible | leaves);
  }
  // The hidden link's index lies behind those of all the others.
  if (honeypot === true || honeypot === 1) flags.set(String(listed.length), LINK.hidden);
  return flags;
}

/** Joins what two lists say. */
export function joinLinkFlags(a: LinkFlags, b: LinkFlags): Map<string, number> {
  const joined = new Map(a);
  for (const [link, flags] of b) joined.set(link, (joined.get(link) ?? 0) | flags);
  return joined;
}

/** Joins two reports on one message: the earliest of each wins, so their order doesn't matter. */
export function joinMailTimes(a: MailTimes, b: MailTimes): MailTimes {
  return {
    sentAt: earliest(a.sentAt, b.sentAt),
    deliveredAt: earliest(a.deliveredAt, b.deliveredAt),
  };
}

/** What the signals ask about a mail. */
export function mailFactsOf(links: LinkFlags | undefined, times: MailTimes | undefined): MailFacts {
  const having = (wanted: number, unwanted: number): string[] =>
    [...(links ?? [])].flatMap(([link, flags]) =>
      (flags & wanted) !== 0 && (flags & unwanted) === 0 ? [link] : [],
    );
  return {
    links: new Set(having(LINK.visible, 0)),
    traps: new Set(having(LINK.hidden, LINK.visible)),
    unsubscribes: new Set(having(LINK.unsubscribe, LINK.notUnsubscribe)),
    deliveredAt: times?.deliveredAt ?? times?.sentAt ?? null,
  };
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
