import type { JourneyPage } from "../../reports/store.ts";
import { formatSpan, formatTime } from "../format.ts";

type JourneyEntry = JourneyPage["entries"][number];

/** An entry as one row of the trail. Texts are the senders' own, to be drawn escaped. */
interface TrailRow {
  id: string;
  at: string;
  /** Picks the mark on the trail. */
  kind: "sent" | "open" | "click" | "page" | "event" | "conversion" | "trouble";
  /** The mark in words. */
  label: string;
  title: string;
  /** Of a page: its address. Like `href`, set only for http(s). */
  titleHref: string;
  campaign: string;
  link: string;
  /** What the title doesn't say of the address; linked only where `href` is set. */
  url: string;
  href: string;
  value: { minor: number; currency: string } | null;
  verdict: {
    word: string;
    isHuman: boolean;
    isUnsure: boolean;
    reasons: readonly { text: string; points: string }[];
  } | null;
  /** Why the event is this contact's, in one sentence. */
  why: string;
  isCounted: boolean;
  /** The same sale was told before: its revenue is counted there. */
  isRepeat: boolean;
  properties: { key: string; value: string }[];
}

/** Entries that belong together: one session on the site, or what happened outside of one. */
interface TrailBlock {
  isSession: boolean;
  /** Of its first event. */
  startedAt: string;
  span: string;
  pages: number;
  /** Why the visit is counted as this contact's; empty outside of one. */
  confidence: string;
  rows: TrailRow[];
}

/** A day in the reader's zone, newest first. */
export interface TrailDay {
  at: string;
  blocks: TrailBlock[];
}

/** What a trail is written with. */
interface TrailWords {
  /** The reader's time zone. */
  readonly zone: string;
  /** What each reason of a verdict means. */
  readonly signalTexts: ReadonlyMap<string, string>;
}

/** Lays a page of entries, newest first, out by day and session. */
export function layOutTrail(
  entries: readonly JourneyEntry[],
  zone: string,
  signalTexts: ReadonlyMap<string, string> = new Map(),
): TrailDay[] {
  const dayOf = ({ at }: JourneyEntry): string => formatTime(at, zone, "day");
  const days: TrailDay[] = [];
  let day = "";
  for (const block of groupBySession(entries, dayOf)) {
    const [newest] = block;
    if (!newest) continue;
    if (dayOf(newest) !== day) days.push({ at: newest.at, blocks: [] });
    day = dayOf(newest);
    days.at(-1)?.blocks.push(toBlock(block, { zone, signalTexts }));
  }
  return days;
}

/** A session stays whole over midnight; what happened outside of one is cut there. */
function groupBySession(
  entries: readonly JourneyEntry[],
  dayOf: (entry: JourneyEntry) => string,
): JourneyEntry[][] {
  const groups: { key: string; entries: JourneyEntry[] }[] = [];
  for (const entry of entries) {
    const key = entry.session_id ?? `outside on ${dayOf(entry)}`;
    const last = groups.at(-1);
    if (last?.key === key) last.entries.push(entry);
    else groups.push({ key, entries: [entry] });
  }
  return groups.map((group) => group.entries);
}

function toBlock(entries: readonly JourneyEntry[], words: TrailWords): TrailBlock {
  const first = entries.at(-1);
  const last = entries[0];
  const span = Date.parse(last?.at ?? "") - Date.parse(first?.at ?? "");
  const isSession = Boolean(first?.session_id);
  const landing = isSession ? entries.findLast(({ type }) => type === "page") : undefined;
  return {
    isSession,
    startedAt: first?.at ?? "",
    span: formatSpan(span),
    pages: entries.filter(({ type }) => type === "page").length,
    confidence: isSession ? CONFIDENCE[last?.why.confidence ?? "none"] : "",
    rows: entries.map((entry) => toRow(entry, entry === landing && entry.click_id !== null, words)),
  };
}

const CONFIDENCE = {
  confirmed: "confirmed by your server",
  asserted: "they said who they are",
  inferred: "inferred from a click",
  none: "",
};

function toRow(
  entry: JourneyEntry,
  isLanding: boolean,
  { zone, signalTexts }: TrailWords,
): TrailRow {
  const { kind, label } = isLanding ? { kind: "page" as const, label: "Landing" } : markOf(entry);
  const isPage = entry.type === "page";
  const href = /^https?:\/\//i.test(entry.url ?? "") ? (entry.url ?? "") : "";
  return {
    id: entry.id,
    at: entry.at,
    kind,
    label,
    title: titleOf(entry),
    titleHref: isPage ? href : "",
    campaign: entry.campaign?.name ?? "",
    link: linkOf(entry),
    url: addressOf(entry),
    href: isPage ? "" : href,
    value: moneyOf(entry),
    verdict: verdictOf(entry, signalTexts),
    why: entry.whyIn((ms) => formatTime(new Date(ms).toISOString(), zone, "moment")),
    isCounted: entry.counted,
    isRepeat: entry.repeat_of !== null,
    properties: Object.entries(entry.properties).map(([key, value]) => ({
      key,
      value: typeof value === "string" ? value : JSON.stringify(value),
    })),
  };
}

const MARKS: Record<string, { kind: TrailRow["kind"]; label: string }> = {
  sent: { kind: "sent", label: "Sent" },
  delivered: { kind: "sent", label: "Delivered" },
  open: { kind: "open", label: "Open" },
  click: { kind: "click", label: "Click" },
  bounced: { kind: "trouble", label: "Bounced" },
  complained: { kind: "trouble", label: "Complaint" },
  unsubscribed: { kind: "trouble", label: "Unsubscribed" },
  deferred: { kind: "trouble", label: "Deferred" },
  page: { kind: "page", label: "Page" },
  screen: { kind: "page", label: "Screen" },
  identify: { kind: "event", label: "Identified" },
};

function markOf(entry: JourneyEntry): Pick<TrailRow, "kind" | "label"> {
  if (entry.conversion) return { kind: "conversion", label: "Conversion" };
  const known = Object.hasOwn(MARKS, entry.type) ? MARKS[entry.type] : undefined;
  return known ?? { kind: "event", label: "Event" };
}

const TITLES: Record<string, string> = {
  sent: "Email sent",
  delivered: "Email delivered",
  open: "Email opened",
  click: "Link clicked",
  bounced: "Email bounced",
  complained: "Marked as spam",
  unsubscribed: "Unsubscribed",
  deferred: "Delivery deferred",
  identify: "Said who they are",
};

const DEAD_LINKS: Record<string, string> = {
  stopped: "Stopped link clicked",
  expired: "Expired link clicked",
};

function titleOf({ type, name, path, properties }: JourneyEntry): string {
  const state = type === "click" ? properties["link_state"] : undefined;
  if (typeof state === "string" && Object.hasOwn(DEAD_LINKS, state)) return DEAD_LINKS[state] ?? "";
  if (type === "page" || type === "screen") return path ?? name;
  const known = Object.hasOwn(TITLES, type) ? TITLES[type] : undefined;
  return known ?? sentenceCase(name.replaceAll("_", " "));
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A page's title is its path, so only host and query are left to say. */
function addressOf({ type, url }: JourneyEntry): string {
  const address = (url ?? "").replace(/^https?:\/\//i, "");
  if (type !== "page") return address;
  const [host = "", query] = [address.split(/[/?#]/)[0], /\?.*/s.exec(address)?.[0]];
  return query === undefined ? host : `${host} ${query}`;
}

function linkOf({ link }: JourneyEntry): string {
  if (!link) return "";
  return link.name ? `“${link.name}”` : `link ${link.index + 1}`;
}

function moneyOf({ value_minor: minor, currency }: JourneyEntry): TrailRow["value"] {
  return minor === null || currency === null ? null : { minor, currency };
}

const VERDICT_WORDS = { human: "Person", machine: "Machine", prefetch: "Prefetch" } as const;

/** Only hits on a mail are in doubt; saying "person" at every page view would be noise. */
function verdictOf(
  entry: JourneyEntry,
  signalTexts: ReadonlyMap<string, string>,
): TrailRow["verdict"] {
  const { verdict, type, verdictReasons } = entry;
  const isHit = type === "click" || type === "open";
  if (verdict === null || (verdict === "human" && !isHit)) return null;
  const isUnsure = entry.certainty === "low";
  return {
    word: VERDICT_WORDS[verdict],
    isHuman: verdict === "human",
    isUnsure,
    reasons: verdictReasons.map(({ signal, detail, weight }) => ({
      text: sentenceOf(signalTexts.get(signal), detail),
      points: weight === 0 ? "decides alone" : `${weight > 0 ? "+" : "−"}${Math.abs(weight)}`,
    })),
  };
}

/** What a reason means, and what was seen. */
function sentenceOf(meaning: string | undefined, detail: string): string {
  return meaning === undefined ? `${sentenceCase(detail)}.` : `${meaning} (${detail}).`;
}
