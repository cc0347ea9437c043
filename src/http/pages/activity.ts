import type { LatestEvent } from "./deps.ts";

/** An event as one line: what happened, to what, by whom. */
export interface Activity {
  seq: number;
  /** ISO 8601, UTC. */
  at: string;
  /** Picks the mark beside it and, on the welcome page, the check that it ticks. */
  kind: "click" | "open" | "mail" | "site" | "other";
  /** The word of the mark, for those who don't see its colour. */
  label: string;
  what: string;
  who: string;
}

const EMAIL_KINDS: Record<string, Pick<Activity, "kind" | "label">> = {
  click: { kind: "click", label: "Click" },
  open: { kind: "open", label: "Open" },
  sent: { kind: "mail", label: "Sent" },
  delivered: { kind: "mail", label: "Delivered" },
  rewrite: { kind: "mail", label: "Rewritten" },
};

/** Describes an event for the live list; the texts are the senders' own, to be drawn escaped. */
export function describeActivity(event: LatestEvent): Activity {
  return {
    seq: event.seq,
    at: new Date(event.occurred_at).toISOString(),
    ...kindOf(event),
    what: whatOf(event),
    who: event.email_claim ?? event.user_id ?? "",
  };
}

function kindOf({ source, type }: LatestEvent): Pick<Activity, "kind" | "label"> {
  if (source === "site" || source === "server") {
    return { kind: "site", label: source === "site" ? "Site" : "Server" };
  }
  const known = Object.hasOwn(EMAIL_KINDS, type) ? EMAIL_KINDS[type] : undefined;
  return known ?? { kind: "other", label: "Email" };
}

function whatOf({ name, type, url, properties }: LatestEvent): string {
  const campaign = properties["campaign"];
  if (type === "click") return `to ${url ?? "an unknown page"}`;
  if (typeof campaign === "string") return `“${campaign}”`;
  return url === null ? name : `${name} on ${url}`;
}
