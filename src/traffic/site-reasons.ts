import type { Reason } from "./define.ts";

/** What a site signal is evidence of; two different ones make a machine, a declared bot alone does. */
type SiteCategory =
  | "declared"
  | "automation"
  | "header"
  | "network"
  | "behaviour"
  | "protocol"
  | "rate";

const CATEGORIES = {
  declared_bot: "declared",
  webdriver: "automation",
  headless_brand: "automation",
  no_fetch_metadata: "header",
  no_client_hints: "header",
  no_accept_language: "header",
  hosting_network: "network",
  no_interaction: "behaviour",
  quick_form: "behaviour",
  honeypot_field: "behaviour",
  no_page_before: "protocol",
  always_skewed: "protocol",
  visitor_rate: "rate",
  device_rate: "rate",
} as const satisfies Record<string, SiteCategory>;

/** The signals of site events. */
export type SiteSignal = keyof typeof CATEGORIES;

/** Those that lie in the events of the same visitor. */
export const VISITOR_SIGNALS: ReadonlySet<string> = new Set<SiteSignal>([
  "visitor_rate",
  "no_page_before",
  "always_skewed",
]);

/** Those that lie in the events from the same device. */
export const DEVICE_SIGNALS: ReadonlySet<string> = new Set<SiteSignal>(["device_rate"]);

/** Points of a signal, for show: categories decide. */
const WEIGHT = 40;
const DECLARED_WEIGHT = 100;

/** What each site signal means, for people. */
export const SITE_SIGNAL_TEXTS: Readonly<Record<SiteSignal, string>> = {
  declared_bot: "Its user agent says that it is software",
  webdriver: "A browser driven by a program",
  headless_brand: "A browser without a window",
  no_fetch_metadata: "A current Chrome without fetch metadata",
  no_client_hints: "A current Chrome without client hints",
  no_accept_language: "A browser that asks for no language",
  hosting_network: "From a data centre",
  no_interaction: "A form or purchase without a pointer, key, touch or scroll before it",
  quick_form: "A form filled in less than a second",
  honeypot_field: "Filled in a hidden field",
  no_page_before: "An event before the visitor's first page",
  always_skewed: "Every event sent and received minutes apart",
  visitor_rate: "Over 60 events a minute from one visitor",
  device_rate: "Over 10 visitors a minute from one address and browser",
};

/** Which kind of witness a site signal is; undefined for a signal that is none. */
export function siteCategoryOf(signal: string): SiteCategory | undefined {
  return isSiteSignal(signal) ? CATEGORIES[signal] : undefined;
}

/** A reason of a site event's verdict. */
export function siteReason(signal: SiteSignal, detail: string): Reason {
  const weight = CATEGORIES[signal] === "declared" ? DECLARED_WEIGHT : WEIGHT;
  return { signal, weight, detail };
}

function isSiteSignal(signal: string): signal is SiteSignal {
  return Object.hasOwn(CATEGORIES, signal);
}
