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
  /** `by …`, or `to …` for a mail; empty when nobody is named. */
  who: string;
}

const EMAIL_KINDS: Record<string, Pick<Activity, "kind" | "label">> = {
  click: { kind: "click", label: "Click" },
  open: { kind: "open", label: "Open" },
  sent: { kind: "mail", label: "Sent" },
  delivered: { kind: "mail", label: "Delivered" },
  rewrite: { kind: "mail", label: "Rewritten" },
  flood: { kind: "other", label: "Flood" },
};

/** Describes an event for the live list; the texts are the senders' own, to be drawn escaped. */
export function describeActivity(event: LatestEvent): Activity {
  return {
    seq: event.seq,
    at: new Date(event.occurred_at).toISOString(),
    ...kindOf(event),
    what: whatOf(event),
    who: whoOf(event),
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
  const address = url?.replace(/^https?:\/\//i, "");
  if (type === "click") return address ?? "an unknown page";
  if (typeof campaign === "string") return `“${campaign}”`;
  if (type === "open") return "an email";
  if (type === "flood") return `${properties["hits"]} more hits on one link`;
  return address === undefined ? name : `${name} on ${address}`;
}

function whoOf({ type, source, email_claim: email, user_id: userId }: LatestEvent): string {
  const who = email ?? userId;
  if (who === null) return "";
  const isTold = source !== "site" && source !== "server" && type !== "click" && type !== "open";
  return `${isTold ? "to" : "by"} ${who}`;
}
