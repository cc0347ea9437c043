import { cleanEmail, cleanUserId } from "../../lib/junk-ids.ts";
import type { StoredEvent } from "../../log/event.ts";
import type { ErasurePlan } from "./plan.ts";

/** A row of the log as the search finds it. */
export type FoundEvent = StoredEvent & {
  /** 1 where its place is in the contact's journey. */
  readonly is_in_journey: number;
};

/** What stands in the place of a mention. */
const MARK = "[erased]";

/** Whether an event is the contact's own, not merely one that mentions it. */
export function isOwn(event: FoundEvent, plan: ErasurePlan): boolean {
  const userId = cleanUserId(event.user_id);
  const email = cleanEmail(event.email_claim);
  if (event.is_in_journey === 1) return true;
  if (event.recipient_contact !== null) return plan.refs.includes(event.recipient_contact);
  if (userId !== null) return plan.userIds.includes(userId);
  if (email !== null) return plan.emails.includes(email);
  return event.anonymous_id !== null && plan.visitors.includes(event.anonymous_id);
}

/** The event without what it says of the contact; undefined where it says nothing. */
export function redactEvent(
  event: FoundEvent,
  plan: ErasurePlan,
  needles: readonly string[],
): FoundEvent | undefined {
  const clean = (text: string | null): string | null =>
    text === null ? null : redactText(text, needles);
  const email = cleanEmail(event.email_claim);
  const isUnaddressed = event.recipient_contact === null;
  const redacted: FoundEvent = {
    ...event,
    name: redactText(event.name, needles),
    url: clean(event.url),
    email_claim: email !== null && plan.emails.includes(email) ? null : event.email_claim,
    anonymous_id: dropIn(event.anonymous_id, plan.visitors),
    click_id: dropIn(event.click_id, plan.clicks),
    message_id: isUnaddressed ? dropIn(event.message_id, plan.messages) : event.message_id,
    context: redactJson(event.context, needles),
    properties: redactPrevious(redactJson(event.properties, needles), plan),
  };
  return JSON.stringify(redacted) === JSON.stringify(event) ? undefined : redacted;
}

/** A text with every mention replaced, whatever its case. */
export function redactText(text: string, needles: readonly string[]): string {
  return needles.reduce((rest, needle) => {
    let left = rest;
    for (let at = left.toLowerCase().indexOf(needle); at !== -1; ) {
      left = left.slice(0, at) + MARK + left.slice(at + needle.length);
      at = left.toLowerCase().indexOf(needle, at + MARK.length);
    }
    return left;
  }, text);
}

function redactJson(
  value: Record<string, unknown>,
  needles: readonly string[],
): Record<string, unknown> {
  const walk = (part: unknown): unknown => {
    if (typeof part === "string") return redactText(part, needles);
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).map(([key, inner]) => [redactText(key, needles), walk(inner)]),
    );
  };
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [redactText(key, needles), walk(inner)]),
  );
}

/** Of an alias: the id it names may be too short to be looked for in texts. */
function redactPrevious(
  properties: Record<string, unknown>,
  plan: ErasurePlan,
): Record<string, unknown> {
  const previous = properties["previous_id"];
  const isTheirs =
    typeof previous === "string" &&
    [...plan.userIds, ...plan.visitors].some((id) => id === previous.trim());
  return isTheirs ? { ...properties, previous_id: MARK } : properties;
}

function dropIn(value: string | null, values: readonly string[]): string | null {
  return value !== null && values.includes(value) ? null : value;
}
