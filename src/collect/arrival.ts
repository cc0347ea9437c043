import type { Caller } from "../lib/caller.ts";
import { MAX_HEADER_LENGTH, SIGNAL_HEADERS } from "../lib/signal-headers.ts";
import type { JsonObject } from "./json-object.ts";

/** What the events of a request are made with, besides what they say themselves. All of it fits JSON. */
export interface Origin {
  readonly caller: Pick<Caller, "workspaceId" | "kind" | "id">;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** History sent by a secret key: its times stay as they are. */
  readonly imported: boolean;
  /** What the sender calls this request, to send it again without counting twice. */
  readonly idempotencyKey?: string | undefined;
  /** The part of each event's context that the request itself shows. */
  readonly sender: JsonObject;
}

/** What is known of a request besides its events. */
export interface Arrival {
  readonly caller: Pick<Caller, "workspaceId" | "kind" | "id">;
  readonly receivedAt: number;
  readonly imported: boolean;
  readonly idempotencyKey: string | undefined;
  /** The address as it may be stored, or null. */
  readonly ip: string | null;
  /** Class of the network it came from, where one is known. */
  readonly network: string | undefined;
  readonly secure: boolean;
  /** Its visit is to be joined to nobody. */
  readonly refusesJoin: boolean;
  /** Lower-case names, as Node gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Keeps of a request what its events are made with: no address that may not be stored, no key. */
export function originOf(arrival: Arrival): Origin {
  const { receivedAt, imported, idempotencyKey } = arrival;
  const { workspaceId, kind, id } = arrival.caller;
  const caller = { workspaceId, kind, id };
  return { caller, receivedAt, imported, idempotencyKey, sender: describeSender(arrival) };
}

/**
 * The part of an event's context that the request itself shows.
 *
 * User agent and headers count only when an `Origin` came: without one a server or a pixel sent it,
 * and its user agent says nothing about a person. A server's own address is not the visitor's either.
 */
function describeSender(arrival: Arrival): JsonObject {
  if (arrival.caller.kind !== "site") return {};
  const described: JsonObject = { tls: arrival.secure ? 1 : 0 };
  if (arrival.refusesJoin) described["join"] = 0;
  if (arrival.ip !== null) described["ip"] = arrival.ip;
  if (arrival.network !== undefined) described["network"] = arrival.network;
  if (headerOf(arrival, "origin") === undefined) return described;
  const userAgent = headerOf(arrival, "user-agent");
  if (userAgent !== undefined) described["userAgent"] = userAgent;
  described["headers"] = Object.fromEntries(
    SIGNAL_HEADERS.flatMap((name) => {
      const value = headerOf(arrival, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return described;
}

function headerOf({ headers }: Arrival, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value.slice(0, MAX_HEADER_LENGTH) : undefined;
}
