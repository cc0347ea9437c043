import { createEvent, type EventRow } from "../../src/log/event.ts";
import type { CaseItem } from "./case-file.ts";

const CALLS: ReadonlySet<string> = new Set([
  "track",
  "page",
  "identify",
  "group",
  "alias",
  "screen",
]);

/** A day before anything in the case files: what a case presumes was known long before. */
export const BEFORE_ALL = Date.parse("2000-01-01T00:00:00.000Z");

/** The event that a door would have recorded for an item of a worked case. */
export function toEvent(item: CaseItem, workspaceId: number): EventRow {
  const at = Date.parse(item.at);
  const isSecret = item.src !== "browser" || item.auth === "secret";
  const isCall = CALLS.has(item.type);
  return createEvent({
    workspace_id: workspaceId,
    source_id: isSecret ? "server" : "site",
    event_id: item.id,
    source: isSecret ? "server" : "site",
    type: isCall ? (item.type as EventRow["type"]) : "track",
    name: item.type === "page" ? "page_view" : item.type,
    occurred_at: at,
    received_at: at,
    click_id: item.click ?? null,
    anonymous_id: item.v ?? null,
    user_id: item.userId ?? null,
    email_claim: item.email ?? null,
    context: contextOf(item),
    properties: item.type === "alias" ? { previous_id: item.previousId ?? item.v } : {},
  });
}

function contextOf(item: CaseItem): Record<string, unknown> {
  const [source, medium, name] = item.utm?.split("/") ?? [];
  return {
    ...(item.utm ? { campaign: { source, medium, name } } : {}),
    ...(item.net ? { ip: `${item.net}.0` } : {}),
    ...(item.os ? { os: { name: item.os } } : {}),
    ...(item.sticky ? { library: { name: "analytics.js" } } : {}),
    ...(item.consent === false || item.consent === "denied"
      ? { consent: { analytics_storage: "denied" } }
      : {}),
  };
}

/** The click of an email link, as the redirect would have recorded it. */
export function toClickEvent(
  clickId: string,
  at: string,
  contact: string | null,
  workspaceId: number,
): EventRow {
  return createEvent({
    workspace_id: workspaceId,
    source_id: "click",
    event_id: clickId,
    click_id: clickId,
    source: "email",
    type: "click",
    name: "email_clicked",
    occurred_at: Date.parse(at),
    received_at: Date.parse(at),
    recipient_contact: contact,
  });
}
