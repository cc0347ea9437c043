import { isbot } from "isbot";
import type { CaseHit, TrafficCase } from "./traffic-cases.ts";

/** Whether a published rule takes a hit for something else than a person. */
type Rule = (hit: CaseHit, given: TrafficCase, classify: Classify) => boolean;
type Classify = (ip: string | undefined) => string | undefined;

/**
 * Rules that others publish, as closely as their descriptions allow. Lists of addresses that are not public
 * are stood in for by the class of the mail scanners' own ranges.
 */
export const PUBLISHED_RULES: Readonly<Record<string, Rule>> = {
  "isbot alone": (hit) => isDeclaredBot(hit),
  "user agent list, or two activities within 3 s (Marketo)": (hit, given) =>
    isDeclaredBot(hit) || given.hits.some((other) => isSecondActivity(hit, other)),
  "two of three: under 2 s after the send, address list, user agent list (Mautic)": (
    hit,
    given,
    classify,
  ) => {
    const signs = [
      sinceSend(hit, given) < 2000,
      classify(hit.ip ?? undefined) === "scanner_certain",
      isDeclaredBot(hit),
    ];
    return signs.filter(Boolean).length >= 2;
  },
  "under 10 s after delivery": (hit, given) => sinceDelivery(hit, given) < 10_000,
};

function isDeclaredBot({ headers }: CaseHit): boolean {
  return isbot(headers["user-agent"] ?? "");
}

/** Of one mail by one contact; exact duplicates are ignored. */
function isSecondActivity(hit: CaseHit, other: CaseHit): boolean {
  return (
    other.id !== hit.id &&
    other.message === hit.message &&
    other.contact === hit.contact &&
    (other.link !== hit.link || other.kind !== hit.kind) &&
    Math.abs(other.t - hit.t) < 3000
  );
}

function sinceSend({ message, t }: CaseHit, { mails }: TrafficCase): number {
  const mail = mails.find(({ id }) => id === message);
  return t - (mail?.sent_at ?? Number.NEGATIVE_INFINITY);
}

function sinceDelivery({ message, t }: CaseHit, { mails }: TrafficCase): number {
  const mail = mails.find(({ id }) => id === message);
  return t - (mail?.delivered_at ?? mail?.sent_at ?? Number.NEGATIVE_INFINITY);
}
