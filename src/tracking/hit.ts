import type { IncomingHttpHeaders } from "node:http";
import type { RequestHead } from "../lib/front.ts";
import { MAX_HEADER_LENGTH, SIGNAL_HEADERS } from "../lib/signal-headers.ts";
import { toStorableText } from "../lib/storable.ts";

/** How a hit was kept when its answer went out; see `log/journal.ts`. */
export type Kept = "durable" | "late" | "memory" | "dropped";

/** What was changed of a link after its mail was sent, as a click meets it. */
export interface LinkException {
  /** The version of the link's settings in force; null when only its campaign was changed. */
  readonly version: number | null;
  /** Where it leads now; null when it is dead and there is no fallback. */
  readonly destination: string | null;
  readonly state: "stopped" | "expired" | null;
}

/** A link of ours that a request opened: verified, with everything its tokens say. */
export interface OpenedLink {
  readonly workspaceId: number;
  readonly campaignId: string;
  /** The link's index in its mail. */
  readonly index: number;
  /** Absolute http(s) URL, ASCII, slots filled; empty for an open pixel and where a dead link leads nowhere. */
  readonly destination: string;
  readonly exception: LinkException | undefined;
  /** References of the contact and the message (11 characters of base64url), where the token names them. */
  readonly contact: string | null;
  readonly message: string | null;
  /** What consent, the contact's own or the workspace's, leaves of the hit; undefined: everything. */
  readonly consent?: HitConsent | undefined;
}

/** `aggregate` counts the hit without naming anybody, `none` keeps nothing; see `contacts/privacy/`. */
export interface HitConsent {
  readonly mode: "individual" | "aggregate" | "none";
  /** Whether the click may be joined to the visit that it brings. */
  readonly canJoin: boolean;
}

/** Where a hit came from, with the address as it may be stored. */
export interface Visitor {
  readonly ip: string | null;
  readonly tls: boolean;
  /** Class of the network, judged on the full address before it was truncated. */
  readonly network: string | undefined;
}

/** What a hit's fact begins with; its JSON is put together by hand, see `writeHit`. */
const BEGINNINGS = {
  click: '"source_id":"click","source":"email","type":"click","name":"email_clicked"',
  open: '"source_id":"open","source":"email","type":"open","name":"email_opened"',
} as const;

interface HitParts {
  readonly kind: "click" | "open";
  readonly id: string;
  readonly at: number;
  readonly link: OpenedLink;
  readonly visitor: Visitor;
}

/**
 * Writes the fact of a click or an open as the journal carries it: an EventRow as JSON, without the
 * members that are null.
 *
 * Put together by hand, because this is the hot path: building the object and JSON.stringify cost four times
 * as much. Ids, references and numbers need no escaping; whatever a client sent goes through JSON.stringify.
 * The context travels as JSON text, so that the importer need not read it.
 */
export function writeHit(req: RequestHead, parts: HitParts): string {
  const { kind, id, at, link, visitor } = parts;
  if (link.consent?.mode === "aggregate") return writeCount(req, parts);
  const contact = link.contact === null ? "" : `,"recipient_contact":"${link.contact}"`;
  const message = link.message === null ? "" : `,"message_id":"${link.message}"`;
  const url = link.destination === "" ? "" : `,"url":${JSON.stringify(link.destination)}`;
  const click = kind === "click" ? `,"link_id":"${link.index}","click_id":"${id}"${url}` : "";
  const properties = link.exception ? JSON.stringify(writeException(link.exception)) : '"{}"';
  return (
    `{"workspace_id":${link.workspaceId},"event_id":"${id}",${BEGINNINGS[kind]}` +
    `,"occurred_at":${at},"received_at":${at},"campaign_id":"${link.campaignId}"` +
    `${message}${contact}${click},"context":"${writeContext(req, visitor)}","properties":${properties}}`
  );
}

/** What really happened, for the journey: an edit's version, and why a link was dead. */
function writeException({ version, state }: LinkException): string {
  return JSON.stringify({
    ...(version === null ? {} : { link_version: version }),
    ...(state === null ? {} : { link_state: state }),
  });
}

/**
 * Writes a hit that may only be counted: campaign and link, no contact, address or user agent. No message
 * either: it was sent to one contact, so it would name it.
 */
function writeCount(req: RequestHead, { kind, id, at, link }: HitParts): string {
  const click = kind === "click" ? `,"link_id":"${link.index}"` : "";
  const context = JSON.stringify(`{"method":"${req.method}","aggregate":1}`);
  return (
    `{"workspace_id":${link.workspaceId},"event_id":"${id}",${BEGINNINGS[kind]}` +
    `,"occurred_at":${at},"received_at":${at},"campaign_id":"${link.campaignId}"` +
    `${click},"context":${context},"properties":"{}"}`
  );
}

/** JSON text inside a JSON string: its quotes are escaped. */
function writeContext({ method, headers }: RequestHead, { ip, tls, network }: Visitor): string {
  const address = ip === null ? "null" : `\\"${ip}\\"`;
  const known =
    network === undefined ? "" : `,\\"network\\":${escapeQuotes(JSON.stringify(network))}`;
  return (
    `{\\"method\\":\\"${method}\\",\\"ip\\":${address},\\"tls\\":${tls ? 1 : 0}` +
    `${known},${describeClient(headers)}}`
  );
}

/** What clients said of themselves, as it is written: requests that say the same share their headers. */
const descriptions = new WeakMap<IncomingHttpHeaders, string>();

function describeClient(headers: IncomingHttpHeaders): string {
  const known = descriptions.get(headers);
  if (known !== undefined) return known;
  const description = escapeQuotes(writeClient(headers));
  descriptions.set(headers, description);
  return description;
}

function writeClient(headers: IncomingHttpHeaders): string {
  const signals = SIGNAL_HEADERS.flatMap((name) => {
    const value = headers[name];
    return typeof value === "string" ? [`"${name}":${quote(value)}`] : [];
  });
  return `"ua":${quote(headers["user-agent"] ?? "")},"headers":{${signals.join(",")}}`;
}

function quote(text: string): string {
  return JSON.stringify(
    toStorableText(text.length > MAX_HEADER_LENGTH ? text.slice(0, MAX_HEADER_LENGTH) : text),
  );
}

/** As it stands inside a JSON string. */
function escapeQuotes(json: string): string {
  return JSON.stringify(json).slice(1, -1);
}
