import { createHash } from "node:crypto";
import { isbot } from "isbot";
import type { EventRow } from "../log/event.ts";
import type { Reason, Verdict } from "./define.ts";
import { headersOf, isTrue, textOf } from "./hit.ts";
import { RULES_VERSION } from "./judge.ts";
import { createSiteNeighbourhood, type SiteTrace } from "./site-neighbours.ts";
import { siteReason as reason, siteCategoryOf } from "./site-reasons.ts";
import { readAgent } from "./user-agent.ts";

const SKEW_MS = 5 * 60_000;
const QUICK_FORM_MS = 1000;
const LEAST_BLINK = 90;
const NEEDS_A_HAND = new Set(["form_submit", "purchase"]);

/**
 * Judges one site event: machine if it declares itself one or if two categories of evidence agree;
 * one category alone is human with low certainty. Events sent by a server are human, always.
 *
 * @param neighbours events of the same visitor and of the same device, at most `SITE_SPAN_MS` away,
 *                   and the visitor's first page
 */
export function judgeSiteEvent(
  event: EventRow,
  id: string,
  neighbours: readonly SiteTrace[],
): Verdict {
  const trace = siteTraceOf(event, id);
  const others = neighbours.filter((other) => other.id !== id);
  const near = createSiteNeighbourhood([trace, ...others]);
  return decideSiteEvent([
    ...ownSiteReasons(event),
    ...near.visitorReasons(trace),
    ...near.deviceReasons(trace),
  ]);
}

/** Decides by the categories of the reasons. */
export function decideSiteEvent(reasons: readonly Reason[]): Verdict {
  const categories = new Set(reasons.map(({ signal }) => siteCategoryOf(signal)));
  const isDeclared = categories.has("declared");
  const isMachine = isDeclared || categories.size >= 2;
  const isSure = isDeclared || (!isMachine && categories.size === 0);
  return {
    verdict: isMachine ? "machine" : "human",
    certainty: isSure ? "high" : "low",
    score: reasons.reduce((sum, { weight }) => sum + weight, 0),
    reasons: [...reasons].sort((a, b) => (a.signal < b.signal ? -1 : 1)),
    rulesVersion: RULES_VERSION,
  };
}

/** The reasons that an event carries in itself: they never change. */
export function ownSiteReasons(event: EventRow): Reason[] {
  if (event.source !== "site") return [];
  const { context } = event;
  return [
    ...agentReasons(context),
    ...automationReasons(context),
    ...(context["network"] === "hosting" ? [reason("hosting_network", "a data centre")] : []),
    ...behaviourReasons(event),
  ];
}

function agentReasons(context: Record<string, unknown>): Reason[] {
  const { text, blink, embedded } = readAgent(siteUserAgent(context));
  if (text === null) return [];
  if (isbot(text)) return [reason("declared_bot", "a known bot's user agent")];
  // Only a browser's own request shows a browser's headers, and only over TLS all of them.
  if (!isTrue(context["tls"]) || context["headers"] === undefined || embedded) return [];
  const headers = headersOf(context["headers"]);
  const isModern = (blink ?? 0) >= LEAST_BLINK;
  return [
    ...(isModern && !headers["sec-fetch-mode"]
      ? [reason("no_fetch_metadata", `Chrome ${blink} without Sec-Fetch-Mode`)]
      : []),
    ...(isModern && !headers["sec-ch-ua"]
      ? [reason("no_client_hints", `Chrome ${blink} without Sec-CH-UA`)]
      : []),
    ...(text.startsWith("Mozilla/") && !headers["accept-language"]
      ? [reason("no_accept_language", "a browser without Accept-Language")]
      : []),
  ];
}

/** The user agent that counts: collection keeps the client's own, else that of a browser's request. */
function siteUserAgent(context: Record<string, unknown>): string | null {
  return textOf(context["userAgent"]);
}

function automationReasons(context: Record<string, unknown>): Reason[] {
  const brands = `${headersOf(context["headers"])["sec-ch-ua"] ?? ""}`;
  return [
    ...(isTrue(context["webdriver"]) ? [reason("webdriver", "navigator.webdriver is set")] : []),
    ...(brands.includes("HeadlessChrome") ? [reason("headless_brand", "HeadlessChrome")] : []),
  ];
}

function behaviourReasons({ name, context, properties }: EventRow): Reason[] {
  const fillMs = properties["form_ms"];
  const { interacted } = context;
  return [
    ...((interacted === false || interacted === 0) && NEEDS_A_HAND.has(name)
      ? [reason("no_interaction", `${name} without a pointer, key, touch or scroll before it`)]
      : []),
    ...(typeof fillMs === "number" && fillMs < QUICK_FORM_MS
      ? [reason("quick_form", `form filled in ${fillMs} ms`)]
      : []),
    ...(isTrue(properties["form_honeypot"])
      ? [reason("honeypot_field", "filled a hidden field")]
      : []),
  ];
}

/** The narrow part of a site event. */
export function siteTraceOf(event: EventRow, id: string): SiteTrace {
  const address = textOf(event.context["ip"]);
  const userAgent = siteUserAgent(event.context);
  const isJudged = event.source === "site";
  return {
    id,
    at: event.occurred_at,
    visitor: isJudged ? event.anonymous_id : null,
    device:
      isJudged && address !== null && userAgent !== null ? deviceOf(address, userAgent) : null,
    isPage: event.type === "page" || event.type === "screen" || event.name === "page_view",
    isTrack: event.type === "track",
    isSkewed: event.sent_at !== null && Math.abs(event.received_at - event.sent_at) > SKEW_MS,
  };
}

function deviceOf(address: string, userAgent: string): string {
  return createHash("sha256").update(`${address} ${userAgent}`).digest("base64url").slice(0, 16);
}
