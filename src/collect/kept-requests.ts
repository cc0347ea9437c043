import { type Bytes, chainBytes } from "../lib/bytes.ts";
import { errorMessage } from "../lib/errors.ts";
import type { Json } from "../lib/json.ts";
import type { EventRow } from "../log/event.ts";
import { createFailedEvent, type FailedEventRow, failedIdOf } from "../log/failed-events.ts";
import type { PlannedParam } from "../log/quality-checks.ts";
import type { Origin } from "./arrival.ts";
import { createClickParameter } from "./click-parameter.ts";
import { openEnvelope } from "./envelope.ts";
import { isObject } from "./json-object.ts";
import { collectEvents } from "./pipeline.ts";
import { createRecentEvents } from "./recent-events.ts";
import { toRejectedItem } from "./rejected-item.ts";
import type { CallType } from "./segment-protocol.ts";

/** What the journal carries of a request in place of its events, beside the body itself. */
export interface KeptRequest {
  readonly origin: Origin;
  /** Call type of the route, or null. */
  readonly type: CallType | null;
  /** Places of the items that the door refused: they are among the failed events already. */
  readonly refused: readonly number[];
  /** What the tracking plan declared of its events then, by name. */
  readonly planned: Readonly<Record<string, readonly PlannedParam[]>>;
}

const MARK = '{"kept_request":';
const CLOSING_BRACE = Buffer.from("}");

/**
 * Writes a request for the journal: its body stays as it came, and its events are made when it is imported.
 *
 * Making them in the request's way took three quarters of the door's time; the body as text, to be encoded
 * again, four times as long as its bytes.
 *
 * @param body JSON in UTF-8, without a byte order mark
 * @returns    the same
 */
export function writeKeptRequest(request: KeptRequest, body: Buffer): Bytes {
  const head = Buffer.from(`${MARK}${JSON.stringify(request)},"body":`);
  return chainBytes([head, body, CLOSING_BRACE]);
}

/** Whether a slice of the journal may hold requests. */
export function holdsRequests(slice: Buffer): boolean {
  return slice.includes(MARK);
}

/** Makes facts of the requests in a slice of the journal, a JSON array in UTF-8; what is a fact stays as it is. */
export type ReadRequests = (slice: Buffer) => Buffer;

/**
 * Makes a reader of kept requests. It remembers the last events, to tell doubles: one for a whole journal.
 *
 * @param clickParam CLICK_PARAM
 */
export function createRequestReader(clickParam: string): ReadRequests {
  const pipeline = {
    clickParameter: createClickParameter(clickParam),
    // The door has made it storable.
    storableIp: (ip: string) => ip,
    recent: createRecentEvents(),
  };

  function readFact(fact: unknown): readonly unknown[] {
    if (!isKept(fact)) return [fact];
    const { kept_request: request, body } = fact;
    try {
      return makeFacts(request, body);
    } catch (error) {
      return [asFailed(request, errorMessage(error), body)];
    }
  }

  function makeFacts(request: KeptRequest, body: Json): (EventRow | FailedEventRow)[] {
    const { origin, type, planned } = request;
    const refused = new Set(request.refused);
    const batch = { items: openEnvelope(body).items, type, isSmall: true };
    const findPlanned = (_workspaceId: number, name: string) =>
      Object.hasOwn(planned, name) ? (planned[name] ?? null) : null;
    const { events, rejections } = collectEvents(batch, origin, { ...pipeline, findPlanned });
    // What the door let in, which had not seen what came before: kept like anything else that is refused.
    const late = rejections.filter(({ index }) => !refused.has(index));
    return [...events, ...late.map(({ code, raw }) => asFailed(request, code, raw))];
  }

  return (slice) => {
    if (!holdsRequests(slice)) return slice;
    const facts: unknown[] = JSON.parse(slice.toString("utf8"));
    return Buffer.from(JSON.stringify(facts.flatMap(readFact)));
  };
}

/** Only our own door writes such a member, and only at the top. */
function isKept(fact: unknown): fact is { kept_request: KeptRequest; body: Json } {
  return isObject(fact) && isObject(fact["kept_request"]);
}

function asFailed({ origin, type }: KeptRequest, reason: string, raw: unknown): FailedEventRow {
  const item = toRejectedItem({ code: reason, raw }, origin, type);
  return createFailedEvent(item, failedIdOf(item));
}
