import type { IncomingHttpHeaders } from "node:http";
import type { Json } from "../../lib/json.ts";

// What the files of the catalog work with: they see nothing but this file.
export { isObject, type JsonObject, objectOf, textOf } from "../json-object.ts";
export { describe, readCustomFields, readMessageHeader, readTime } from "./event-fields.ts";
export { headerOf, hmacHex, isSameSecret } from "./signatures.ts";
export { hasSnsSignature, isSnsAddress, signingCertificateOf } from "./sns.ts";

/** What may become of a mail, as facts of the log. */
export const OUTCOMES = ["delivered", "bounced", "complained", "unsubscribed", "deferred"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A provider's request, of which nothing is believed yet. */
export interface HookRequest {
  readonly headers: IncomingHttpHeaders;
  /** As they came: signatures are made over bytes. */
  readonly bytes: Buffer;
  readonly body: Json;
  /** What the workspace gave to verify this provider with. */
  readonly credential: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** The network, for a provider whose certificate or confirmation lies there. */
export interface HookNetwork {
  /** The certificate at an address, from memory where it was fetched before. */
  fetchCertificate(url: string): Promise<string>;
  /** Calls an address once. */
  confirm(url: string): Promise<void>;
}

/** `stale`: the signature holds, but is too old to be believed. */
type Verification = "valid" | "forged" | "stale";

/** One event of a provider, in our words. */
export interface HookEvent {
  /** `ignored`: an open or click (ours are counted), or nothing that concerns a mail. */
  readonly outcome: Outcome | "ignored" | "invalid";
  /** Unique with this provider, and the same when it is sent again. */
  readonly id: string;
  /** Milliseconds since the Unix epoch; null: when it came. */
  readonly at: number | null;
  readonly email: string | null;
  readonly contactId: string | null;
  /** The `message_id` that a rewrite answered, where the mail carried it. */
  readonly messageId: string | null;
  /** Name of the campaign, where the mail carried it. */
  readonly campaign: string | null;
  /** Which bounce, why, and the provider's own id of the message. */
  readonly properties: Readonly<Record<string, string>>;
}

/** A labelled example: what a provider sends, and what it means. Documentation, and test. */
interface HookExample {
  readonly says: string;
  readonly body: Json;
  readonly gives: readonly Partial<HookEvent>[];
}

/** One provider: a file of `catalog/`, named by its file. */
export interface HookDefinition {
  readonly title: string;
  readonly credential: {
    /** What it is, for people. */
    readonly says: string;
    /** Made by us, unless given. */
    readonly isMinted: boolean;
    /** What is wrong with one; undefined: nothing. */
    readonly mistakeIn: (credential: string) => string | undefined;
  };
  /** Whether the provider sent this. Nothing else is done before it says so. */
  readonly verify: (
    request: HookRequest,
    network: HookNetwork,
  ) => Verification | Promise<Verification>;
  /** What a signature is bound to where it does not cover the body: with another body it is refused. */
  readonly tokenOf?: (body: Json) => string | undefined;
  /** Answers a request that is about the webhook itself; false: it carries events. */
  readonly handshake?: (body: Json, network: HookNetwork) => Promise<boolean>;
  readonly read: (body: Json) => readonly HookEvent[];
  readonly examples: readonly HookExample[];
}

/** Declares a provider: the default export of a file in `catalog/`. */
export function defineHook(hook: HookDefinition): HookDefinition {
  return hook;
}

/**
 * How old a signature may be. Providers send again for up to a day, some with the first signature; within it the
 * event's id keeps a repetition from counting.
 */
const SIGNATURE_AGE_MS = 24 * 3_600_000;

/** How far a provider's clock may be ahead of ours. */
const AHEAD_MS = 5 * 60_000;

/** Whether a signature made at `at` is still to be believed. */
export function isFresh(at: number, now: number, maxAgeMs = SIGNATURE_AGE_MS): boolean {
  return at >= now - maxAgeMs && at <= now + AHEAD_MS;
}
