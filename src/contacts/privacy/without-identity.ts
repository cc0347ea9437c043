import type { EventRow } from "../../log/event.ts";

/** Calls that say nothing but who somebody is. */
const ONLY_IDENTITY = new Set(["identify", "alias", "group"]);

/** Properties that name people, as Segment's libraries and the standard events spell them. */
const NAMING = /^(traits|user|user_?id|email|phone|(first_|last_)?name|address|anonymous_?id)$/i;

/**
 * What an event still counts when it may not say who it was: its kind, its time, its page, its value.
 *
 * @returns undefined where nothing would be left
 */
export function withoutIdentity(event: EventRow): EventRow | undefined {
  if (ONLY_IDENTITY.has(event.type)) return undefined;
  const { page, campaign, library } = event.context;
  return {
    ...event,
    click_id: null,
    anonymous_id: null,
    user_id: null,
    email_claim: null,
    recipient_contact: null,
    message_id: null,
    context: withoutMissing({ page, campaign, library, aggregate: 1 }),
    properties: Object.fromEntries(
      Object.entries(event.properties).filter(([name]) => !NAMING.test(name)),
    ),
  };
}

function withoutMissing(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
