import type { IncomingMessage } from "node:http";
import { toStorableText } from "../lib/storable.ts";
import { createEvent, type EventRow } from "../log/event.ts";

/** A link of ours that a request opened: verified, with everything its tokens say. */
export interface OpenedLink {
  readonly workspaceId: number;
  readonly campaignId: string | null;
  /** The link's index in its mail. */
  readonly index: number;
  /** Absolute http(s) URL, ASCII, slots filled; empty for an open pixel. */
  readonly destination: string;
  /** References of the contact and the message (11 characters of base64url), where the token names them. */
  readonly contact: string | null;
  readonly message: string | null;
}

/** Where a hit came from, with the address as it may be stored. */
export interface Visitor {
  readonly ip: string | null;
  readonly tls: boolean;
  /** Class of the network, judged on the full address before it was truncated. */
  readonly network: string | undefined;
}

/** Headers that tell people, scanners and prefetchers apart. */
const KEPT_HEADERS = [
  "accept-language",
  "sec-fetch-mode",
  "sec-fetch-dest",
  "sec-fetch-site",
  "sec-fetch-user",
  "sec-ch-ua",
  "sec-ch-ua-mobile",
  "sec-ch-ua-platform",
  "sec-purpose",
  "purpose",
  "x-purpose",
  "x-moz",
  "sec-gpc",
  "dnt",
  "referer",
] as const;

/** Longest text of one header that is kept; user agents of 16 KB exist only to hurt. */
const HEADER_LENGTH = 512;

const KINDS = {
  click: { type: "click", name: "email_clicked" },
  open: { type: "open", name: "email_opened" },
} as const;

interface HitParts {
  readonly kind: "click" | "open";
  readonly id: string;
  readonly at: number;
  readonly link: OpenedLink;
  readonly url: string | null;
  readonly visitor: Visitor;
}

/** The fact of a click or an open, as the journal carries it. */
export function createHit(req: IncomingMessage, parts: HitParts): EventRow {
  const { kind, id, at, link, url, visitor } = parts;
  const { type, name } = KINDS[kind];
  return createEvent({
    workspace_id: link.workspaceId,
    source_id: kind,
    event_id: id,
    source: "email",
    type,
    name,
    occurred_at: at,
    received_at: at,
    message_id: link.message,
    campaign_id: link.campaignId,
    link_id: kind === "click" ? String(link.index) : null,
    click_id: kind === "click" ? id : null,
    recipient_contact: link.contact,
    url,
    context: {
      method: req.method ?? "",
      ip: visitor.ip,
      ua: clip(req.headers["user-agent"] ?? ""),
      tls: visitor.tls ? 1 : 0,
      headers: keptHeaders(req),
      ...(visitor.network === undefined ? {} : { network: visitor.network }),
    },
  });
}

function keptHeaders(req: IncomingMessage): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = req.headers[name];
    if (typeof value === "string") kept[name] = clip(value);
  }
  return kept;
}

function clip(text: string): string {
  return toStorableText(text.length > HEADER_LENGTH ? text.slice(0, HEADER_LENGTH) : text);
}
