import type { Json } from "../../lib/json.ts";
import { isObject } from "../json-object.ts";
import type { HookDefinition, HookEvent } from "./define.ts";

/** The reason of a report that came while the database was away: it is matched once that is back. */
export const REPORT_WAITING = "report_waiting";
/** The reason of a report that fits no mail and no contact. */
export const UNMATCHED_MAIL = "unmatched_mail";

const SOURCE = /^hook-(\w+)$/;

/** The `source_id` of a provider's facts: no key has it. */
export function sourceOf(esp: string): string {
  return `hook-${esp}`;
}

/** The provider that a `source_id` stands for; undefined: it is no provider's. */
export function espOf(sourceId: string): string | undefined {
  return SOURCE.exec(sourceId)?.[1];
}

/** One event as it is kept: in the generic form, with the provider's id of it, which makes it one row for good. */
export function writeReport(event: HookEvent): string {
  const { id, outcome, at, email, contactId, messageId, campaign, properties } = event;
  return JSON.stringify({
    messageId: id,
    event: outcome,
    email,
    contact_id: contactId,
    message_id: messageId,
    campaign,
    ts: at === null ? null : new Date(at).toISOString(),
    meta: properties,
  });
}

/** The events of what was kept: in the form above or, where it was not understood, as its provider sent it. */
export function readReport(
  body: Json,
  provider: Pick<HookDefinition, "read">,
  generic: Pick<HookDefinition, "read">,
): readonly HookEvent[] {
  const id = isObject(body) ? body["messageId"] : undefined;
  return typeof id === "string" ? generic.read({ ...Object(body), id }) : provider.read(body);
}
