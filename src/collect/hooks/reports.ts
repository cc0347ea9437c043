import { AppError } from "../../lib/errors.ts";
import { type Json, parseJson } from "../../lib/json.ts";
import type { Refs } from "../../lib/refs.ts";
import type { EventRow } from "../../log/event.ts";
import type { ReadAgain } from "../read-again.ts";
import type { FailedEvent } from "../store-failed.ts";
import type { HookEvent } from "./define.ts";
import type { HookCounts } from "./hook-counts.ts";
import type { Hooks } from "./hooks.ts";
import { findRecipients, type MatchDeps, matchEvent, type Recipients } from "./match.ts";
import { espOf, readReport, UNMATCHED_MAIL } from "./report.ts";

/** What is done about providers' reports that were kept, but are no facts yet. */
export interface HookReports {
  /** Whether a refused event is a provider's report; a fact made of one that the database refused is none any more. */
  isReport(event: Pick<FailedEvent, "source" | "sourceId">): boolean;
  /**
   * Looks again for the mails or contacts of reports, in their order. All of a report or nothing: what was taken at
   * its first arrival is in the log already.
   */
  read(workspaceId: number, events: readonly FailedEvent[]): Promise<ReadAgain[]>;
  /** Counts a report under what it turned out to be. */
  countMatched(workspaceId: number, event: FailedEvent, facts: readonly EventRow[]): void;
}

interface HookReportsDeps extends MatchDeps {
  readonly hooks: Pick<Hooks, "find">;
  readonly counts: Pick<HookCounts, "move">;
  readonly refsOf: (workspaceId: number) => Refs;
}

/** Puts the kept reports together. */
export function createHookReports({
  hooks,
  counts,
  refsOf,
  ...match
}: HookReportsDeps): HookReports {
  /** Undefined where the body is no JSON. */
  function open(event: FailedEvent): readonly HookEvent[] | undefined {
    const body = bodyOf(event);
    if (body === undefined) return undefined;
    const provider = hooks.find(espOf(event.sourceId) ?? "").entry;
    return readReport(body, provider, hooks.find("generic").entry);
  }

  function readOne(
    workspaceId: number,
    event: FailedEvent,
    given: readonly HookEvent[] | undefined,
    found: Recipients,
  ): ReadAgain {
    if (given === undefined) return refuse(workspaceId, event, "invalid_json");
    const { sourceId, receivedAt } = event;
    const origin = { workspaceId, sourceId, refs: refsOf(workspaceId), receivedAt };
    const facts = given.map((one) => matchEvent(origin, one, found).fact);
    if (facts.includes("invalid")) return refuse(workspaceId, event, "invalid_event");
    if (facts.includes("unmatched")) return refuse(workspaceId, event, UNMATCHED_MAIL);
    return {
      events: facts.flatMap((fact) => (typeof fact === "string" ? [] : [fact])),
      rejected: [],
    };
  }

  return {
    isReport: ({ source, sourceId }) => source !== null && espOf(sourceId) !== undefined,
    async read(workspaceId, events) {
      if (events.length === 0) return [];
      const opened = events.map((event) => ({ event, given: open(event) }));
      const all = opened.flatMap(({ given }) => given ?? []);
      const found = await findRecipients({ workspaceId, refs: refsOf(workspaceId) }, all, match);
      return opened.map(({ event, given }) => readOne(workspaceId, event, given, found));
    },
    countMatched(workspaceId, { sourceId, reason }, facts) {
      const esp = espOf(sourceId) ?? "";
      const before = reason === UNMATCHED_MAIL ? "unmatched" : undefined;
      for (const { type } of facts) counts.move(workspaceId, esp, before, type);
    },
  };
}

function bodyOf({ edited, raw }: FailedEvent): Json | undefined {
  try {
    return parseJson(Buffer.from(edited ?? raw));
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function refuse(workspaceId: number, event: FailedEvent, code: string): ReadAgain {
  const { sourceId, receivedAt, edited, raw } = event;
  const source = event.source ?? "server";
  const item = { workspaceId, sourceId, source, receivedAt, reason: code, raw: edited ?? raw };
  return { events: [], rejected: [{ index: 0, code, item }] };
}
