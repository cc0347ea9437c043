import { isJunkId } from "../lib/junk-ids.ts";
import { currencyExponent } from "./currency.ts";
import type { EventRow } from "./event.ts";
import type { Param } from "./event-entry.ts";
import { isEventAlias } from "./event-name.ts";
import { areNamedItems, matchesType, paramOf } from "./quality-params.ts";
import { holdsPii, urlHoldsPii } from "./quality-pii.ts";
import { STANDARD_EVENTS } from "./standard-events.ts";

/** A parameter that a tracking plan declares. */
export interface PlannedParam extends Param {
  readonly required: boolean;
}

/** What a check has to go by: the event and what the door knows of it. */
export interface Scored {
  readonly event: EventRow;
  /** The name as the sender wrote it; null for calls without one. */
  readonly givenName: string | null;
  /** The event's time corrected for skew, before anything clamped it; ms since the Unix epoch. */
  readonly correctedAt: number;
  readonly imported: boolean;
  /** Whose it is, as far as is known. */
  readonly resolvesTo: "contact" | "visitor" | "nobody";
  /** What the tracking plan declares of the event; null: nothing. */
  readonly planned: readonly PlannedParam[] | null;
  /** The same visitor, event and properties came within 2 s, or the same transaction before. */
  readonly isDuplicate: boolean;
}

/** How a check came out; null when it can't apply. */
export type Outcome = "pass" | "half" | "fail" | null;

/** One check, its weight, and how it judges. */
export interface Check {
  readonly weight: number;
  judge(scored: Scored): Outcome;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const RESERVED_PREFIX = /^(?:ga_|google_|firebase_|gtag\.|_)/;

const isPass = (condition: boolean): Outcome => (condition ? "pass" : "fail");

/** The checks in the order they are reported. */
export const CHECKS = {
  known_event: {
    weight: 10,
    judge: ({ event, planned }) =>
      isNamed(event) ? isPass(planned !== null || STANDARD_EVENTS.has(event.name)) : null,
  },
  required_params: {
    weight: 15,
    judge: ({ event: { name, properties, context, type }, planned }) => {
      const standard = STANDARD_EVENTS.get(name) ?? toStandard(planned);
      if (!standard || type === "page") return standard ? "pass" : null;
      const missing = standard.required.filter(
        (param) => (paramOf(properties, param.name) ?? context[param.name]) === undefined,
      );
      return isPass(missing.length === 0 && areNamedItems(paramOf(properties, "items")));
    },
  },
  param_types: {
    weight: 10,
    judge: ({ event: { name, properties }, planned }) => {
      const standard = STANDARD_EVENTS.get(name) ?? toStandard(planned);
      if (!standard) return null;
      const isTyped = ({ name, type }: Param): boolean => {
        const value = paramOf(properties, name);
        return value === undefined || matchesType(value, type);
      };
      const { required, conditional, optional } = standard;
      return isPass([required, conditional, optional].every((params) => params.every(isTyped)));
    },
  },
  conditional_params: {
    weight: 5,
    judge: ({ event: { name, properties } }) => {
      // A game's value is points.
      if (STANDARD_EVENTS.get(name)?.category === "game") return null;
      if (paramOf(properties, "value") === undefined) return null;
      const currency = String(properties["currency"] ?? "").trim();
      return isPass(currencyExponent(currency.toUpperCase()) !== null);
    },
  },
  naming: {
    weight: 5,
    judge: ({ givenName }) => {
      if (givenName === null) return null;
      const isSpelled =
        /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(givenName) || isEventAlias(givenName);
      return isPass(isSpelled && givenName.length <= 40 && !RESERVED_PREFIX.test(givenName));
    },
  },
  identity_resolved: {
    weight: 10,
    judge: ({ resolvesTo }) =>
      resolvesTo === "contact" ? "pass" : resolvesTo === "visitor" ? "half" : "fail",
  },
  id_not_junk: {
    weight: 5,
    judge: ({ event }) =>
      isPass([event.user_id, event.anonymous_id].every((id) => id === null || !isJunkId(id))),
  },
  clock_skew: {
    weight: 5,
    judge: ({ event: { received_at, sent_at } }) =>
      sent_at === null ? null : isPass(Math.abs(received_at - sent_at) <= 5 * MINUTE_MS),
  },
  timestamp_plausible: {
    weight: 5,
    judge: ({ event: { received_at }, correctedAt, imported }) => {
      const age = received_at - correctedAt;
      return isPass(age >= -MINUTE_MS && (imported || age <= 30 * DAY_MS));
    },
  },
  delivery_latency: {
    weight: 5,
    judge: ({ event: { received_at }, correctedAt }) => isPass(received_at - correctedAt <= DAY_MS),
  },
  page_context: {
    weight: 5,
    judge: ({ event: { source, url, context, properties } }) => {
      if (source !== "site") return null;
      const page = context["page"];
      const own = typeof page === "object" && page !== null && "title" in page ? page.title : null;
      const title = own ?? properties["title"] ?? properties["page_title"];
      return isPass(url !== null && typeof title === "string" && title !== "");
    },
  },
  campaign_complete: {
    weight: 5,
    judge: ({ event }) => {
      const given = campaignOf(event);
      if (given.size === 0) return null;
      return isPass(["source", "medium", "campaign"].every((part) => given.has(part)));
    },
  },
  not_duplicate: { weight: 10, judge: ({ isDuplicate }) => isPass(!isDuplicate) },
  no_pii: {
    weight: 5,
    judge: ({ event: { name, type, url, properties } }) => {
      if (urlHoldsPii(url ?? "")) return "fail";
      if (type === "identify" || type === "group" || type === "alias") return "pass";
      if (name !== "form_submit") return isPass(!holdsPii(properties));
      // The field that the site itself marked as the visitor's address.
      const { email: _marked, ...others } = properties;
      return isPass(!holdsPii(others));
    },
  },
} as const satisfies Record<string, Check>;

/** The id of a check, as `quality_failed` lists it. */
export type CheckId = keyof typeof CHECKS;

/** A declared event in the shape of a standard one; without parameters there is nothing to check. */
function toStandard(planned: Scored["planned"]) {
  if (planned === null || planned.length === 0) return undefined;
  const required = planned.filter((param) => param.required);
  return { required, conditional: [], optional: planned.filter((param) => !param.required) };
}

function isNamed({ type }: EventRow): boolean {
  return type === "track" || type === "page";
}

function toObject(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

/** The parts of a campaign that the URL's `utm_*` or the client's own context name. */
function campaignOf({ url, context }: EventRow): Set<string> {
  const query = /\?([^#]*)/.exec(url ?? "")?.[1] ?? "";
  const inUrl = query.includes("utm_") ? [...new URLSearchParams(query)] : [];
  const named = inUrl
    .filter(([key]) => key.startsWith("utm_"))
    // An empty one shows that a campaign was meant, and names nothing.
    .map(([key, value]) => (value.trim() === "" ? "(empty)" : key.slice("utm_".length)));
  const inContext = Object.entries(toObject(context["campaign"]))
    .filter(([, value]) => typeof value === "string" && value !== "")
    .map(([key]) => (key === "name" ? "campaign" : key));
  return new Set(named.concat(inContext));
}
