import { isJunkId } from "../lib/junk-ids.ts";
import { toStorableText } from "../lib/storable.ts";
import type { EventRow } from "../log/event.ts";
import { scoreQuality } from "../log/quality.ts";
import type { PlannedParam, Scored } from "../log/quality-checks.ts";
import type { Origin } from "./arrival.ts";
import type { ClickParameter } from "./click-parameter.ts";
import { isObject, type JsonObject, mapText, objectOf, pick, textOf } from "./json-object.ts";
import { findBrokenLimit, type RejectCode } from "./limits.ts";
import { assignMessageId } from "./message-id.ts";
import { readMoney } from "./money.ts";
import type { RecentEvents } from "./recent-events.ts";
import { type CallType, findFault, type Message, readMessage } from "./segment-protocol.ts";
import { correctClockSkew, type EventTimes } from "./time.ts";

/** An event that was not taken, by its place in the request. */
export interface Rejection {
  readonly index: number;
  readonly code: RejectCode;
  readonly raw: unknown;
}

/** What became of the events of a request. */
export interface Collected {
  readonly events: readonly EventRow[];
  readonly rejections: readonly Rejection[];
}

interface PipelineDeps {
  readonly clickParameter: ClickParameter;
  /** The address as it may be stored: for what a server says of its visitor. */
  storableIp(ip: string): string | null;
  /** What came shortly before. */
  readonly recent: RecentEvents;
  /** What the workspace's tracking plan declares of an event; null: nothing. */
  findPlanned(workspaceId: number, name: string): readonly PlannedParam[] | null;
}

/** The events of one request, merged with what the whole batch says. */
export interface Batch {
  readonly items: readonly unknown[];
  /** Call type of the route, or null. */
  readonly type: CallType | null;
  /** No item can be too large: the request itself was smaller. */
  readonly isSmall: boolean;
}

/** Turns the calls of one request into facts. Nothing is thrown for bad input: each item has its verdict. */
export function collectEvents(batch: Batch, origin: Origin, deps: PipelineDeps): Collected {
  const events: EventRow[] = [];
  const rejections: Rejection[] = [];
  batch.items.forEach((raw, index) => {
    const message = validateItem(raw, batch);
    if (typeof message === "string") {
      rejections.push({ index, code: message, raw });
      return;
    }
    const event = toEvent(message, { origin, index }, deps);
    if (deps.recent.isReused(event)) rejections.push({ index, code: "message_id_reused", raw });
    else events.push(event);
  });
  return { events, rejections };
}

/**
 * Judges the events of a request without making anything of them: a third of the time of `collectEvents`, which
 * refuses the same ones, and those that came under the id of another.
 */
export function findRejections({ items, type, isSmall }: Batch): Rejection[] {
  const rejections: Rejection[] = [];
  items.forEach((raw, index) => {
    const code = findBrokenLimit(raw, isSmall) ?? findFault(objectOf(raw), type);
    if (code) rejections.push({ index, code, raw });
  });
  return rejections;
}

function validateItem(raw: unknown, { type, isSmall }: Batch): Message | RejectCode {
  const broken = findBrokenLimit(raw, isSmall);
  if (broken) return broken;
  return isObject(raw) ? readMessage(raw, type) : "invalid_event";
}

/** What surrounds one event of a request. */
interface Surroundings {
  readonly origin: Origin;
  /** Position in the request. */
  readonly index: number;
}

function toEvent(
  message: Message,
  { origin, index }: Surroundings,
  { clickParameter, storableIp, recent, findPlanned }: PipelineDeps,
): EventRow {
  const { caller, receivedAt, imported, idempotencyKey } = origin;
  const { type, name, originalAt, sentAt, context, properties } = message;
  const times = correctClockSkew({ originalAt, sentAt, receivedAt, imported });
  const clean = (text: string): string => toStorableText(clickParameter.strip(text));
  const cleanContext = objectOf(mapText(enrichContext(message, origin, times, storableIp), clean));
  const { value_minor, currency } = readMoney(name, properties);
  // Written out: completing it with createEvent took a seventh of the door's time.
  const event: EventRow = {
    workspace_id: caller.workspaceId,
    source_id: caller.id,
    event_id: toStorableText(assignMessageId(message, { receivedAt, idempotencyKey, index })),
    source: caller.kind === "site" ? "site" : "server",
    type,
    name: toStorableText(name),
    occurred_at: times.occurredAt,
    received_at: receivedAt,
    sent_at: sentAt,
    message_id: null,
    campaign_id: null,
    link_id: null,
    click_id: clickParameter.find(message.raw, context, properties),
    anonymous_id: storable(message.anonymousId),
    user_id: storable(message.userId),
    email_claim: storable(message.email),
    recipient_contact: null,
    url: findUrl(cleanContext, properties, clean),
    value_minor,
    currency,
    quality: null,
    quality_failed: null,
    context: cleanContext,
    properties: objectOf(mapText(clickParameter.drop(properties), clean)),
  };
  const { score, failed } = scoreQuality({
    event,
    givenName: message.givenName,
    correctedAt: times.correctedAt,
    imported,
    resolvesTo: findOwner(event),
    planned: findPlanned(event.workspace_id, event.name),
    isDuplicate: recent.isDuplicate(event),
  });
  event.quality = score;
  event.quality_failed = failed.join(",");
  return event;
}

/** What the event itself says: whose click or visitor it is, only identity finds out. */
function findOwner({ user_id, email_claim, anonymous_id }: EventRow): Scored["resolvesTo"] {
  if ((user_id !== null && !isJunkId(user_id)) || email_claim !== null) return "contact";
  return anonymous_id !== null && !isJunkId(anonymous_id) ? "visitor" : "nobody";
}

/** What is kept of a client's own context. Traits, ids of devices and the like stay out. */
const CONTEXT = [
  "library",
  "locale",
  "timezone",
  "campaign",
  "screen",
  "os",
  "app",
  "referrer",
  "consent",
  "webdriver",
  "interacted",
];
const PAGE = ["url", "path", "referrer", "title", "search"];
const MAX_USER_AGENT_LENGTH = 512;

function enrichContext(
  { context, givenName, name, originalAt }: Message,
  { sender, caller, imported }: Origin,
  { flag }: EventTimes,
  storableIp: (ip: string) => string | null,
): JsonObject {
  const enriched = pick(context, CONTEXT);
  for (const name in sender) enriched[name] = sender[name];
  const page = pick(objectOf(context["page"]), PAGE);
  if (Object.keys(page).length > 0) enriched["page"] = page;
  const userAgent = textOf(context["userAgent"]);
  if (userAgent !== null) enriched["userAgent"] = userAgent.slice(0, MAX_USER_AGENT_LENGTH);
  const ip = caller.kind === "site" ? null : textOf(context["ip"]);
  if (ip !== null) enriched["ip"] = storableIp(ip);
  if (originalAt !== null) enriched["original_at"] = originalAt;
  if (flag !== null) enriched["time_flag"] = flag;
  if (imported) enriched["imported"] = 1;
  if (givenName !== null && givenName !== name) enriched["event_name"] = givenName;
  return enriched;
}

function findUrl(
  context: JsonObject,
  properties: JsonObject,
  clean: (text: string) => string,
): string | null {
  const url =
    textOf(objectOf(context["page"])["url"]) ??
    textOf(properties["url"]) ??
    textOf(properties["page_location"]);
  return url === null ? null : clean(url);
}

function storable(text: string | null): string | null {
  return text === null ? null : toStorableText(text);
}
