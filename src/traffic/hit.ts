import type { EventRow } from "../log/event.ts";
import type { Hit } from "./define.ts";

/**
 * Reads a click or open from its fact.
 *
 * @param id      names it within one judgement
 * @param engaged whether the visitor it brought is known to have engaged on the site
 */
export function hitOf(event: EventRow, id: string, engaged: boolean): Hit {
  const { context } = event;
  const isOurs = event.source === "email";
  return {
    id,
    kind: event.type === "open" ? "open" : "click",
    at: event.occurred_at,
    method: textOf(context["method"]) ?? "GET",
    message: event.message_id ?? event.campaign_id,
    contact: event.recipient_contact,
    link: event.link_id,
    address: textOf(context["ip"]),
    network: textOf(context["network"]),
    // An ESP that reports no agent has not seen an empty one.
    userAgent: textOf(context["ua"]) ?? (isOurs ? "" : null),
    headers: headersOf(context["headers"]),
    tls: isOurs && isTrue(context["tls"]),
    engaged,
    returning: isTrue(context["returning"]),
  };
}

/**
 * Whether an event is a click or an open, of ours or reported by an ESP. One that consent lets us only count
 * tells nothing of who sent it, so it is not judged.
 */
export function isHit({ source, type, context }: EventRow): boolean {
  const isMail = source === "email" || source === "esp";
  return isMail && (type === "click" || type === "open") && !isTrue(context["aggregate"]);
}

/** A string of untyped JSON, or null. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Whether an untyped flag is set: facts write 1, clients write true. */
export function isTrue(value: unknown): boolean {
  return value === 1 || value === true;
}

/** Headers of untyped JSON, under lower-case names. */
export function headersOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) =>
      typeof text === "string" ? [[name.toLowerCase(), text]] : [],
    ),
  );
}
