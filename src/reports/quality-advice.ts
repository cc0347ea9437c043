import { CHECKS, type CheckId } from "../log/quality-checks.ts";

/** What a failed check means, and what to change. */
export interface Advice {
  readonly fault: string;
  readonly change: string;
  /** What the check counts for in the score. */
  readonly weight: number;
}

const TEXTS: Readonly<Record<CheckId, readonly [fault: string, change: string]>> = {
  known_event: [
    "The name is no standard event and is not declared.",
    "Use the standard name that means the same, such as purchase or generate_lead; or declare it in the tracking plan.",
  ],
  required_params: [
    "A parameter that the event needs is missing or empty, or an item has neither id nor name.",
    "Send it: a purchase needs transaction_id and items, each item item_id or item_name.",
  ],
  param_types: [
    "A parameter is not of its type.",
    "Send numbers as numbers, without currency signs or thousands separators, and items as a list of objects.",
  ],
  conditional_params: [
    "There is an amount, but no currency of ISO 4217.",
    "Send currency beside value, such as EUR. Without it the amount does not count as revenue.",
  ],
  naming: [
    "The name is not snake_case, is over 40 characters, or begins with a reserved prefix.",
    "Write it like demo_booked. Reserved are ga_, google_, firebase_, gtag. and a leading underscore.",
  ],
  identity_resolved: [
    "Nobody can be told from the event.",
    "Send anonymousId from the browser and userId once you know it. A visitor without a contact counts half.",
  ],
  id_not_junk: [
    "An id is what a broken integration sends, such as null, undefined, zeros or [object Object].",
    "Leave userId out until you know it. Such ids are treated as absent.",
  ],
  clock_skew: [
    "The sender's clock is over five minutes off.",
    "Set the clock by NTP. The time was corrected.",
  ],
  timestamp_plausible: [
    "The time lies in the future, or over 30 days back.",
    "Send ISO 8601 in UTC. Send history to /v1/import with a secret key.",
  ],
  delivery_latency: [
    "It came over a day after it happened.",
    "Flush the client's queue sooner, and send history to /v1/import.",
  ],
  page_context: [
    "A browser event carries no URL or no title.",
    "Send context.page.url and context.page.title, as every Segment client and our script do.",
  ],
  campaign_complete: [
    "Of utm_source, utm_medium and utm_campaign one is missing or empty.",
    "Give the link all three; UTM defaults of a workspace or campaign fill them in by themselves.",
  ],
  not_duplicate: [
    "The same visitor sent the same within two seconds under another id, or the transaction came before.",
    "Look for a tag that fires twice, or a sale that both the page and the server send; use one messageId.",
  ],
  no_pii: [
    "The URL or the properties hold an email address, a phone number or a card number.",
    "Move what identifies a person to identify, and take it out of URLs and properties.",
  ],
};

/** What a check says; undefined for one that this release does not know. */
export function adviceOf(id: string): Advice | undefined {
  const known = Object.entries(CHECKS).find(([name]) => name === id);
  if (!known) return undefined;
  const [fault, change] = TEXTS[known[0] as CheckId];
  return { fault, change, weight: known[1].weight };
}
