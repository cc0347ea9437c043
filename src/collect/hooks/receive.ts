import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { AppError } from "../../lib/errors.ts";
import { parseJson } from "../../lib/json.ts";
import { createRecentCache, type RecentCache } from "../../lib/recent-cache.ts";
import type { Refs } from "../../lib/refs.ts";
import { settlesWithin } from "../../lib/within.ts";
import type { EventRow } from "../../log/event.ts";
import type { RejectedItem } from "../../log/failed-events.ts";
import type { HookDefinition, HookEvent, HookNetwork } from "./define.ts";
import type { HookCounts } from "./hook-counts.ts";
import type { Hooks } from "./hooks.ts";
import { type MatchDeps, type Matched, matchEvents } from "./match.ts";
import { REPORT_WAITING, sourceOf, UNMATCHED_MAIL, writeReport } from "./report.ts";

export interface ReceiveDeps extends MatchDeps {
  readonly hooks: Pick<Hooks, "find" | "credentialOf">;
  readonly counts: Pick<HookCounts, "add">;
  readonly network: HookNetwork;
  readonly refsOf: (workspaceId: number) => Refs;
  readonly record: (events: readonly EventRow[]) => Promise<void>;
  readonly keepRejected: (items: readonly RejectedItem[]) => Promise<void>;
  /** Resolves once what was taken so far can be read, or soon after. */
  readonly catchUp: () => Promise<void>;
  /** Told that reports were kept to be matched later. */
  readonly onWaiting: () => void;
  readonly now: () => number;
}

/** A provider's request. */
interface HookCall {
  readonly esp: string;
  readonly workspaceId: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** It came with an API key of the workspace: no signature is asked for. */
  readonly isTrusted: boolean;
}

/** What became of a request's events. */
export interface Received {
  readonly accepted: number;
  readonly ignored: number;
  readonly unmatched: number;
  readonly invalid: number;
  /** Kept, and matched once the database is back. */
  readonly waiting: number;
}

/** Of Mailgun's signatures, which cover no body: a token that comes again with another body is forged. */
const REMEMBERED_TOKENS = 50_000;

/** Providers hang up after 10 to 30 s, and send again: a database that does not answer is one that is away. */
const MATCH_MS = 5000;

/** Takes a provider's request: verified, matched, on disk when it resolves. */
export function createReceiver(deps: ReceiveDeps): (call: HookCall) => Promise<Received> {
  const bodies = createRecentCache<string>(REMEMBERED_TOKENS);

  async function verify(call: HookCall, definition: HookDefinition): Promise<void> {
    const credential = deps.hooks.credentialOf(call.workspaceId, call.esp);
    if (credential === undefined) {
      throw new AppError("not_found", 404, `No webhook of ${definition.title} is set up here.`, {
        hint: `Set it up first: PUT /v1/hooks/${call.esp}, or on the settings page.`,
      });
    }
    const { headers, bytes } = call;
    const request = { headers, bytes, body: parseJson(bytes), credential, now: deps.now() };
    const verification = await definition.verify(request, deps.network);
    if (verification === "valid" && !isReplay(definition, call, bodies)) return;
    deps.counts.add(call.workspaceId, call.esp, "refused");
    throw refusal(verification === "stale");
  }

  /** Without the database the reports are kept as they are. */
  async function match(call: HookCall, events: readonly HookEvent[]): Promise<readonly Matched[]> {
    let matched: readonly Matched[] = events.map(toWaiting);
    const finding = find(call, events).then((found) => {
      matched = found;
    });
    try {
      await settlesWithin(finding, MATCH_MS);
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 503) throw error;
    }
    return matched;
  }

  async function find(call: HookCall, events: readonly HookEvent[]): Promise<Matched[]> {
    const { workspaceId, esp } = call;
    const refs = deps.refsOf(workspaceId);
    const origin = { workspaceId, sourceId: sourceOf(esp), refs, receivedAt: deps.now() };
    const matched = await matchEvents(origin, events, deps);
    if (!matched.some(({ fact }) => fact === "unmatched")) return matched;
    // The mail may have gone out a moment ago, and not be in the log yet.
    await deps.catchUp();
    return matchEvents(origin, events, deps);
  }

  async function keep(call: HookCall, matched: readonly Matched[]): Promise<void> {
    const facts = matched.flatMap(({ fact }) => (typeof fact === "string" ? [] : [fact]));
    if (facts.length > 0) await deps.record(facts);
    const refused = matched.flatMap(({ given, fact }) => {
      const reason = typeof fact === "string" ? REASONS[fact] : undefined;
      return reason === undefined ? [] : [{ reason, raw: writeReport(given) }];
    });
    // What was not understood can only be kept as it came.
    if (matched.some(({ fact }) => fact === "invalid")) {
      refused.push({ reason: "invalid_event", raw: call.bytes.toString("utf8") });
    }
    if (refused.length === 0) return;
    const from = {
      workspaceId: call.workspaceId,
      sourceId: sourceOf(call.esp),
      source: "server" as const,
      receivedAt: deps.now(),
    };
    await deps.keepRejected(refused.map((item) => ({ ...from, ...item })));
    if (matched.some(({ fact }) => fact === "waiting")) deps.onWaiting();
  }

  return async (call) => {
    const { entry } = deps.hooks.find(call.esp);
    if (!call.isTrusted) await verify(call, entry);
    const body = parseJson(call.bytes);
    if (await entry.handshake?.(body, deps.network)) return tally([]);
    const matched = await match(call, entry.read(body));
    await keep(call, matched);
    for (const one of matched) {
      // What waits is counted when it is known what became of it.
      if (one.fact !== "waiting") deps.counts.add(call.workspaceId, call.esp, outcomeOf(one));
    }
    return tally(matched);
  };
}

/** Of what is kept with the refused events, in the generic form. */
const REASONS: Readonly<Record<string, string>> = {
  unmatched: UNMATCHED_MAIL,
  waiting: REPORT_WAITING,
};

function toWaiting(given: HookEvent): Matched {
  const { outcome } = given;
  return { given, fact: outcome === "ignored" || outcome === "invalid" ? outcome : "waiting" };
}

function outcomeOf({ fact }: Matched): string {
  return typeof fact === "string" ? fact : fact.type;
}

function tally(matched: readonly Matched[]): Received {
  const count = (wanted: string) => matched.filter(({ fact }) => fact === wanted).length;
  const [ignored, unmatched, invalid] = [count("ignored"), count("unmatched"), count("invalid")];
  const waiting = count("waiting");
  const accepted = matched.length - ignored - unmatched - invalid - waiting;
  return { accepted, ignored, unmatched, invalid, waiting };
}

function isReplay(
  { tokenOf }: HookDefinition,
  { workspaceId, esp, bytes }: HookCall,
  bodies: RecentCache<string>,
): boolean {
  const token = tokenOf?.(parseJson(bytes));
  if (token === undefined) return false;
  const key = `${workspaceId} ${esp} ${token}`;
  const body = createHash("sha256").update(bytes).digest("base64url");
  const before = bodies.get(key);
  if (before === undefined) bodies.set(key, body);
  return before !== undefined && before !== body;
}

function refusal(isStale: boolean): AppError {
  return isStale
    ? new AppError("invalid_signature", 401, "The signature is too old, or from the future.", {
        hint: "Check the clocks; a request that was recorded and sent again is refused.",
      })
    : new AppError("invalid_signature", 401, "The signature does not fit this webhook.", {
        hint: "Check the credential on the settings page, and that the body arrives unchanged.",
      });
}
