import { createHash } from "node:crypto";
import type { EventRow } from "../../log/event.ts";
import type { PlannedParam } from "../../log/quality-checks.ts";
import type { Origin } from "../arrival.ts";
import { createClickParameter } from "../click-parameter.ts";
import { isObject, type JsonObject, objectOf, textOf } from "../json-object.ts";
import { sortKeys } from "../message-id.ts";
import { collectEvents } from "../pipeline.ts";
import { NOTHING_RECENT } from "../recent-events.ts";
import { explainReason } from "../rejections.ts";
import { isCallType } from "../segment-protocol.ts";
import { parseTime } from "../time.ts";
import { type ImportKind, type Mapping, mapRow } from "./mapping.ts";

export interface ImportContext {
  readonly kind: ImportKind;
  readonly mapping: Mapping;
  readonly workspaceId: number;
  /** The `source_id` of the facts: the same file under another name is another source. */
  readonly sourceId: string;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** CLICK_PARAM. */
  readonly clickParam: string;
  /** The address as it may be stored. */
  readonly storableIp: (ip: string) => string | null;
  /** What the tracking plan declares of an event; null: nothing. */
  readonly findPlanned: (workspaceId: number, name: string) => readonly PlannedParam[] | null;
}

/** A row as a fact, or what is wrong with it. */
export type Imported = { readonly fact: EventRow } | { readonly problem: string };

/** Turns a row into the fact that the collection API would make of the same call: pure, and the same every time. */
export function importRow(row: JsonObject, context: ImportContext): Imported {
  const call = toCall(mapRow(row, context.mapping), context.kind);
  if (typeof call === "string") return { problem: call };
  const { events, rejections } = collectEvents(
    { items: [call.item], type: null, isSmall: false },
    historyOf(context),
    {
      clickParameter: createClickParameter(context.clickParam),
      storableIp: context.storableIp,
      findPlanned: context.findPlanned,
      recent: NOTHING_RECENT,
    },
  );
  const [fact] = events;
  if (!fact) return { problem: explainReason(rejections[0]?.code ?? "invalid_event") };
  return { fact: call.isByEmail ? { ...fact, user_id: null, email_claim: call.email } : fact };
}

interface Call {
  readonly item: JsonObject;
  readonly email: string | null;
  /** Nothing but an address says whose it is. */
  readonly isByEmail: boolean;
}

const EMAIL = /^[^\s@<>,;]+@[^\s@<>,;]+$/;

function toCall(mapped: JsonObject, kind: ImportKind): Call | string {
  const { email: givenEmail, url, ...rest } = mapped;
  const email = textOf(givenEmail)?.trim() ?? null;
  if (email !== null && !EMAIL.test(email)) return `"${email}" is no email address.`;
  const bag = ["properties", "traits", "context"].find(
    (name) => mapped[name] !== undefined && !isObject(mapped[name]),
  );
  if (bag !== undefined) return `Expected a JSON object as ${bag}.`;
  const timestamp = readTimestamp(mapped["timestamp"], kind);
  if (typeof timestamp === "string") return timestamp;
  const isByEmail = !mapped["userId"] && !mapped["anonymousId"] && email !== null;
  const item: JsonObject = {
    ...rest,
    ...(isByEmail ? { userId: email } : {}),
    ...(timestamp === null ? {} : { timestamp }),
    messageId: mapped["messageId"] ?? hashOf(kind, mapped),
    ...(kind === "contacts" ? asContact(mapped, email) : asEvent(mapped, email, url)),
  };
  return { item, email, isByEmail };
}

/** An event without a time is no history; a contact without one became one now. */
function readTimestamp(given: unknown, kind: ImportKind): number | null | string {
  if (given === undefined) {
    return kind === "contacts" ? null : "The row has no time: map a column to timestamp.";
  }
  const isNumber = typeof given === "string" && /^\d{9,14}(\.\d+)?$/.test(given.trim());
  const at = parseTime(isNumber ? Number(given) : given);
  return at ?? `"${String(given)}" is no time: expected ISO 8601, or seconds or milliseconds.`;
}

function asContact(mapped: JsonObject, email: string | null): JsonObject {
  const traits = objectOf(mapped["traits"]);
  return { type: "identify", traits: email === null ? traits : { ...traits, email } };
}

function asEvent(mapped: JsonObject, email: string | null, url: unknown): JsonObject {
  const { type, event, name } = mapped;
  const context = objectOf(mapped["context"]);
  const isPage = event === undefined && (url !== undefined || name !== undefined);
  const said = typeof type === "string" ? type.toLowerCase() : undefined;
  return {
    // Exports that are no calls often call the event's name its type.
    type: isCallType(said) ? said : isPage ? "page" : "track",
    ...(event === undefined && !isCallType(said) && !isPage ? { event: type } : {}),
    context: {
      ...context,
      ...(email === null ? {} : { traits: { ...objectOf(context["traits"]), email } }),
      ...(url === undefined ? {} : { page: { ...objectOf(context["page"]), url } }),
    },
  };
}

/** What has no id of its own is named by what it says: the same row is the same fact. */
function hashOf(kind: ImportKind, mapped: JsonObject): string {
  const content = JSON.stringify([kind, sortKeys(mapped)]);
  return createHash("sha256").update(content).digest("base64url").slice(0, 27);
}

function historyOf({ workspaceId, sourceId, receivedAt }: ImportContext): Origin {
  return {
    caller: { workspaceId, kind: "secret", id: sourceId },
    receivedAt,
    imported: true,
    sender: {},
  };
}
