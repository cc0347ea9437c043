import type { EventRow } from "../log/event.ts";
import type { MailFacts } from "./define.ts";

/** What the lists of a campaign's links have said about one link id, as bits. */
const LINK = { visible: 1, hidden: 2, unsubscribe: 4, notUnsubscribe: 8 } as const;

/** What is known of one message: the earliest report of each moment (milliseconds), and its links. */
export interface MessageFacts {
  readonly sentAt: number | null;
  readonly deliveredAt: number | null;
  /** How many visible links it has, where its `sent` fact says. */
  readonly links: number | null;
  /** The index of its hidden link, where its `sent` fact says so. */
  readonly honeypot: number | null;
}

/** A message of which nothing is known. */
export const UNKNOWN_MESSAGE: MessageFacts = {
  sentAt: null,
  deliveredAt: null,
  links: null,
  honeypot: null,
};

/** Link id to what was said about it, over all mails of one campaign. */
export type LinkFlags = ReadonlyMap<string, number>;

const UNSUBSCRIBE = /unsubscri|opt[-_ ]?out|abmeld|abbestell|désabonn|desinscri|désinscri/i;

/** Reads a `sent` or `delivered` fact; undefined for any other. */
export function messageFactsOf(event: EventRow): MessageFacts | undefined {
  const { type, occurred_at: at, properties } = event;
  if (type === "delivered") return { ...UNKNOWN_MESSAGE, deliveredAt: at };
  if (type !== "sent") return undefined;
  const { links, honeypot } = properties;
  return {
    ...UNKNOWN_MESSAGE,
    sentAt: at,
    links: typeof links === "number" ? links : null,
    honeypot: typeof honeypot === "number" ? honeypot : null,
  };
}

/** Joins two reports on one message: the earliest moments and the largest mail, whatever their order. */
export function joinMessageFacts(a: MessageFacts, b: MessageFacts): MessageFacts {
  return {
    sentAt: pick(Math.min, a.sentAt, b.sentAt),
    deliveredAt: pick(Math.min, a.deliveredAt, b.deliveredAt),
    links: pick(Math.max, a.links, b.links),
    honeypot: pick(Math.max, a.honeypot, b.honeypot),
  };
}

/**
 * Reads the links that a `rewrite` fact lists, as flags by link id; `honeypot` beside the list is
 * the index of the hidden one.
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
  if (typeof honeypot === "number") flags.set(String(honeypot), LINK.hidden);
  return flags;
}

/** Joins what two lists say. */
export function joinLinkFlags(a: LinkFlags, b: LinkFlags): Map<string, number> {
  const joined = new Map(a);
  for (const [link, flags] of b) joined.set(link, (joined.get(link) ?? 0) | flags);
  return joined;
}

/** What the signals ask about a mail: by its own `sent` fact, else by what its campaign's mails share. */
export function mailFactsOf(
  flags: LinkFlags = new Map(),
  { sentAt, deliveredAt, links, honeypot }: MessageFacts = UNKNOWN_MESSAGE,
): MailFacts {
  const deliveredOrSentAt = deliveredAt ?? sentAt;
  const unsubscribes = new Set(having(flags, LINK.unsubscribe, LINK.notUnsubscribe));
  if (links !== null) {
    return {
      links: new Set(Array.from({ length: links }, (_, index) => String(index))),
      traps: new Set(honeypot === null ? [] : [String(honeypot)]),
      unsubscribes,
      deliveredAt: deliveredOrSentAt,
    };
  }
  return {
    links: new Set(having(flags, LINK.visible, 0)),
    traps: new Set(having(flags, LINK.hidden, LINK.visible)),
    unsubscribes,
    deliveredAt: deliveredOrSentAt,
  };
}

function having(flags: LinkFlags, wanted: number, unwanted: number): string[] {
  return [...flags].flatMap(([link, said]) =>
    (said & wanted) !== 0 && (said & unwanted) === 0 ? [link] : [],
  );
}

function pick(
  choose: (a: number, b: number) => number,
  a: number | null,
  b: number | null,
): number | null {
  return a === null || b === null ? (a ?? b) : choose(a, b);
}
