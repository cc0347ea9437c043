import type { FailedSource, RejectedItem } from "../log/failed-events.ts";
import type { Origin } from "./arrival.ts";
import { isObject } from "./json-object.ts";
import type { CallType } from "./segment-protocol.ts";

interface Refused {
  readonly code: string;
  readonly raw: unknown;
}

/** A refused item as it is kept. What the path alone said of a call is kept with it: a replay has no path. */
export function toRejectedItem(
  { code, raw }: Refused,
  { caller, receivedAt, sender }: Origin,
  type: CallType | null,
): RejectedItem {
  const item = type !== null && isObject(raw) ? { ...raw, type } : raw;
  return {
    workspaceId: caller.workspaceId,
    sourceId: caller.id,
    source: sourceOf(caller.kind),
    refusesJoin: sender["join"] === 0,
    reason: code,
    raw: JSON.stringify(item, spellInfinite),
    receivedAt,
  };
}

/** What is kept of a number that was too large must not read as if there had been none. */
function spellInfinite(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
    ? `${value}`
    : value;
}

/** Whose key it came with. */
export function sourceOf(kind: Origin["caller"]["kind"]): FailedSource {
  return kind === "site" ? "site" : "server";
}
