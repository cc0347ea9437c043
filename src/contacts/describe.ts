import { cleanEmail, cleanUserId } from "../lib/junk-ids.ts";
import type { Refs } from "../lib/refs.ts";
import type { StoredEvent } from "../log/event.ts";
import type { VisitorFact } from "./fact.ts";
import { isDecisionName, type LinkFact, REVIEW_SOURCE } from "./links.ts";

/** How the traffic stage judged an event; null for what it does not judge. */
export type Verdict = "human" | "machine" | "prefetch" | null;

/** A ref with the value it was made of, and the traits told of it at that moment. */
interface NamedRef {
  readonly ref: string;
  readonly kind: "id" | "email" | "";
  readonly value: string | null;
}

/** An event of the log as identity sees it. */
export interface DescribedEvent {
  readonly seq: number;
  readonly fact: VisitorFact;
  readonly verdict: Verdict;
  /** The visitor's anonymous id; null for email facts and server events without one. */
  readonly anonymousId: string | null;
  /** On an alias of another visitor: the anonymous id that it names. */
  readonly aliasOf: string | null;
  /** Whose mail it is: an email fact belongs to that contact whatever the verdict. */
  readonly recipientRef: string | null;
  /** A fact of a mail, from us or from the service that sent it. */
  readonly isMail: boolean;
  readonly isClick: boolean;
  /** Something the person did, not what became of a mail or what a machine did. */
  readonly active: boolean;
  readonly links: readonly LinkFact[];
  readonly named: readonly NamedRef[];
  readonly traits: Readonly<Record<string, unknown>>;
}

/** Libraries that stamp the user id on every event after identify, until it is reset. */
const STICKY_LIBRARIES = new Set([
  "analytics.js",
  "analytics-next",
  "RudderLabs JavaScript SDK",
  "@jitsu/js",
  "jitsu-js",
]);

/** Names by which sites say that the person at the device left. */
const RESET_NAMES = new Set(["reset", "logout"]);

const OUTCOMES = new Set(["sent", "delivered", "bounced", "deferred", "rewrite"]);

/** Reads an event of the log for identity. */
export function describeEvent(event: StoredEvent, refs: Refs, verdict: Verdict): DescribedEvent {
  const fact = toFact(event, refs, verdict);
  const isMail = event.source === "email" || event.source === "esp";
  const tells = isMail || (fact.consent && !fact.invalid);
  const previousId = event.type === "alias" ? textOf(event.properties["previous_id"]) : null;
  return {
    seq: event.seq,
    fact,
    verdict,
    anonymousId: isMail ? null : event.anonymous_id,
    aliasOf: previousId !== null && previousId !== event.anonymous_id ? previousId : null,
    recipientRef: event.recipient_contact,
    isMail,
    isClick: event.source === "email" && event.type === "click",
    active: !OUTCOMES.has(event.type) && verdict !== "machine" && verdict !== "prefetch",
    links: tells ? [...linksOf(event, fact, refs, previousId), ...decisionOf(event, fact)] : [],
    named: tells ? namedRefs(event, fact) : [],
    traits: tells ? objectOf(event.properties["traits"]) : {},
  };
}

function toFact(event: StoredEvent, refs: Refs, verdict: Verdict): VisitorFact {
  const { context } = event;
  const userId = cleanUserId(event.user_id);
  const email = cleanEmail(event.email_claim);
  const library = objectOf(context["library"]);
  const previousId =
    event.type === "alias" ? cleanUserId(textOf(event.properties["previous_id"])) : null;
  return {
    // The sender's ids are unique within their source; two sources may use the same.
    id: `${event.event_id} ${event.source_id}`,
    at: event.occurred_at,
    kind: kindOf(event),
    channel: event.source === "site" ? "browser" : "server",
    invalid: verdict === "machine" || verdict === "prefetch",
    // `join` is 0 where the browser asked for it (Sec-GPC, where the operator obeys it so).
    consent: context["join"] !== 0 && !isRefused(context["consent"]),
    sticky: STICKY_LIBRARIES.has(textOf(library["name"]) ?? ""),
    userRef: userId === null ? null : refs.contact({ id: userId }),
    emailRef: email === null ? null : refs.contact({ email }),
    previousRef: previousId === null ? null : refs.contact({ id: previousId }),
    clickId: event.click_id,
    campaign: campaignOf(event),
    net: networkOf(textOf(context["ip"])),
    os: systemOf(context),
  };
}

function kindOf({ source, name }: StoredEvent): VisitorFact["kind"] {
  if (source !== "site") return "event";
  if (name === "user_engagement") return "engagement";
  return RESET_NAMES.has(name) ? "reset" : "event";
}

function linksOf(
  event: StoredEvent,
  fact: VisitorFact,
  refs: Refs,
  previousId: string | null,
): LinkFact[] {
  const { id, at, userRef, emailRef, previousRef } = fact;
  const recipient = event.recipient_contact;
  const none = { id, at, userRef: null, emailRef: null, previousRef: null };
  const links: LinkFact[] = [];
  if (recipient !== null && recipient !== userRef && recipient !== emailRef) {
    links.push({ ...none, kind: "known", userRef: recipient });
  }
  if (userRef === null && emailRef === null) return links;
  links.push({ ...none, kind: "named", userRef, emailRef });
  if (previousId === null) return links;
  const kind = event.source === "site" ? "suggest" : "merge";
  if (previousRef !== null) links.push({ ...none, kind, userRef, emailRef, previousRef });
  const previousEmail = cleanEmail(previousId);
  if (previousEmail !== null) {
    const ref = refs.contact({ email: previousEmail });
    links.push({ ...none, kind, userRef, emailRef, previousRef: ref });
  }
  return links;
}

/** What a person decided on the review page: `review.ts` writes it. */
function decisionOf(event: StoredEvent, { id, at }: VisitorFact): LinkFact[] {
  if (event.source_id !== REVIEW_SOURCE || event.type !== "review") return [];
  const { decision, into, from } = event.properties;
  const [userRef, previousRef] = [textOf(into), textOf(from)];
  if (!isDecisionName(decision) || userRef === null || previousRef === null) return [];
  return [{ id, at, kind: decision, userRef, emailRef: null, previousRef }];
}

function namedRefs(event: StoredEvent, { userRef, emailRef }: VisitorFact): NamedRef[] {
  const named: NamedRef[] = [];
  if (userRef !== null) named.push({ ref: userRef, kind: "id", value: cleanUserId(event.user_id) });
  if (emailRef !== null) {
    named.push({ ref: emailRef, kind: "email", value: cleanEmail(event.email_claim) });
  }
  if (event.recipient_contact !== null) {
    named.push({ ref: event.recipient_contact, kind: "", value: null });
  }
  return named;
}

/** Google's consent keys, Segment's categories, or a plain word; only a clear no is a refusal. */
function isRefused(consent: unknown): boolean {
  if (consent === false || consent === "denied") return true;
  const given = objectOf(consent);
  const categories = objectOf(given["categoryPreferences"]);
  return (
    [given["analytics_storage"], given["analytics"], given["measurement"]].some(
      (value) => value === false || value === "denied",
    ) || [categories["analytics"], categories["Analytics"]].includes(false)
  );
}

const UTM = ["source", "medium", "campaign", "term", "content", "id"] as const;

function campaignOf(event: StoredEvent): string | null {
  const query =
    event.url !== null && URL.canParse(event.url) ? new URL(event.url).searchParams : null;
  const given = objectOf(event.context["campaign"]);
  const values = UTM.map(
    (key) => query?.get(`utm_${key}`) || textOf(given[key === "campaign" ? "name" : key]) || "",
  );
  return values.some((value) => value !== "") ? values.join("/") : null;
}

/** The /24 of an IPv4 address, the /48 of an IPv6 one; anything else (a hash) as it is. */
function networkOf(ip: string | null): string | null {
  if (ip === null) return null;
  const [, v4] = /^(\d+\.\d+\.\d+)\.\d+$/.exec(ip) ?? [];
  if (v4 !== undefined) return v4;
  const [, v6] = /^((?:[0-9a-f]{1,4}:){3})/i.exec(ip) ?? [];
  return v6 ?? ip;
}

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/iphone|ipad|ipod|\bios\b/i, "ios"],
  [/android/i, "android"],
  [/windows|\bwin/i, "windows"],
  [/mac/i, "mac"],
  [/\bcros\b|chrome ?os/i, "chromeos"],
  [/linux/i, "linux"],
];

function systemOf(context: Readonly<Record<string, unknown>>): string | null {
  const told =
    textOf(objectOf(context["os"])["name"]) ??
    textOf(context["userAgent"]) ??
    textOf(context["ua"]);
  return SYSTEMS.find(([pattern]) => told !== null && pattern.test(told))?.[1] ?? null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
