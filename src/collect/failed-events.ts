import { AppError } from "../lib/errors.ts";
import { toStorableText } from "../lib/storable.ts";
import type { EventRow } from "../log/event.ts";
import type { RejectedItem } from "../log/failed-events.ts";
import { createClickParameter } from "./click-parameter.ts";
import type { HookReports } from "./hooks/reports.ts";
import { type ReadAgain, type ReadAgainDeps, readAgain } from "./read-again.ts";
import { explainReason } from "./rejections.ts";
import type { FailedEvent, FailedQuery, FailedStatus, FailedStore } from "./store-failed.ts";

export interface FailedEventsDeps extends Pick<ReadAgainDeps, "storableIp" | "findPlanned"> {
  /** CLICK_PARAM. */
  readonly clickParam: string;
  readonly store: FailedStore;
  /** Appends facts: durable when resolved, and safe to repeat. */
  record(events: readonly EventRow[]): Promise<void>;
  keepRejected(items: readonly RejectedItem[]): Promise<void>;
  /** What providers reported: it is matched again, not collected. */
  readonly reports: HookReports;
  now(): number;
}

/** What a replay came to. */
export interface Replayed {
  readonly id: string;
  /** `open` where nothing of it could be taken this time either. */
  readonly status: FailedStatus;
  readonly accepted: number;
  readonly rejected: readonly { index: number; code: string; message: string }[];
}

/** What replaying many came to. */
export interface ReplayedAll {
  readonly replayed: number;
  readonly accepted: number;
  /** Refused again, and still open. */
  readonly still_refused: number;
}

/** What can be done about refused events; each stays within the workspace it is given. */
export interface FailedEvents {
  list(workspaceId: number, query: FailedQuery): Promise<FailedEvent[]>;
  count: FailedStore["count"];
  /** @throws {AppError} `not_found` (404) */
  find(workspaceId: number, id: string): Promise<FailedEvent>;
  /** Keeps what is to be read in place of the body; null goes back to the body. */
  edit(workspaceId: number, id: string, text: string | null): Promise<FailedEvent>;
  /** Settles it without a replay; the body stays until its retention ends. */
  discard(workspaceId: number, id: string, note: string): Promise<FailedEvent>;
  /** Takes a discarded one up again. */
  reopen(workspaceId: number, id: string): Promise<FailedEvent>;
  /**
   * Reads it again as if it came now, at the time at which it came. Counts once however often it is asked for.
   *
   * @throws {AppError} `already_settled` (409)
   */
  replay(workspaceId: number, id: string): Promise<Replayed>;
  /** Replays all that are open, or all of a reason. */
  replayAll(workspaceId: number, reason?: string): Promise<ReplayedAll>;
}

/** Refused events read at once. */
const PIECE = 100;
/** Characters of bodies whose facts are made at once: a body may hold as many as the largest batch. */
const MOST_TEXT = 4_000_000;

/** Puts the refused events together. */
export function createFailedEvents(deps: FailedEventsDeps): FailedEvents {
  const { store, now, storableIp, findPlanned, reports } = deps;
  const reading = {
    storableIp,
    findPlanned,
    clickParameter: createClickParameter(deps.clickParam),
  };

  async function find(workspaceId: number, id: string): Promise<FailedEvent> {
    const found = await store.find(workspaceId, id);
    if (found) return found;
    throw new AppError("not_found", 404, `There is no refused event "${id}".`, {
      hint: "GET /v1/failed-events lists them; they are kept for 30 days.",
    });
  }

  async function requireMove(workspaceId: number, id: string, isMoved: boolean) {
    const found = await find(workspaceId, id);
    if (isMoved) return found;
    throw settled(found);
  }

  async function readAll(
    workspaceId: number,
    events: readonly FailedEvent[],
  ): Promise<{ event: FailedEvent; read: ReadAgain }[]> {
    const kept = events.filter(reports.isReport);
    const matched = await reports.read(workspaceId, kept);
    const ofReport = new Map(kept.map(({ id }, index) => [id, matched[index]]));
    return events.map((event) => ({
      event,
      read: ofReport.get(event.id) ?? readAgain(workspaceId, event, reading),
    }));
  }

  /** A transaction for all of each step: one for each event took five times as long. */
  async function replaySeveral(
    workspaceId: number,
    events: readonly FailedEvent[],
  ): Promise<Replayed[]> {
    const done = await readAll(workspaceId, events);
    const taken = done.filter(({ read }) => read.events.length > 0);
    const refused = done.filter(({ read }) => read.events.length === 0);
    const reasons = refused.flatMap(({ event, read }) => {
      const reason = read.rejected[0]?.item.reason ?? event.reason;
      return reason === event.reason ? [] : [{ id: event.id, reason }];
    });
    await store.setReasons(workspaceId, reasons);
    // The facts first: they carry the refused event's own id, so a replay cut short counts once all the same.
    const facts = taken.flatMap(({ read }) => read.events);
    if (facts.length > 0) await deps.record(facts);
    const rejected = taken.flatMap(({ read }) => read.rejected.map(({ item }) => item));
    if (rejected.length > 0) await deps.keepRejected(rejected);
    const move = { from: "open", to: "replayed", note: null, at: now() } as const;
    const ids = taken.map(({ event }) => event.id);
    const moved = await store.move(workspaceId, ids, move);
    for (const { event, read } of taken) {
      const isCounted = moved.has(event.id) && reports.isReport(event);
      if (isCounted) reports.countMatched(workspaceId, event, read.events);
    }
    return done.map(({ event, read }) => describe(event.id, read));
  }

  return {
    list: store.list,
    count: store.count,
    find,
    async edit(workspaceId, id, text) {
      const stored = text === null ? null : toStorableText(text);
      return requireMove(workspaceId, id, await store.edit(workspaceId, id, stored));
    },
    async discard(workspaceId, id, note) {
      const move = {
        from: "open",
        to: "discarded",
        note: toStorableText(note),
        at: now(),
      } as const;
      return requireMove(workspaceId, id, (await store.move(workspaceId, [id], move)).has(id));
    },
    async reopen(workspaceId, id) {
      const move = { from: "discarded", to: "open", note: null, at: null } as const;
      return requireMove(workspaceId, id, (await store.move(workspaceId, [id], move)).has(id));
    },
    async replay(workspaceId, id) {
      const found = await find(workspaceId, id);
      const [done] = found.status === "open" ? await replaySeveral(workspaceId, [found]) : [];
      if (!done) throw settled(found);
      return done;
    },
    async replayAll(workspaceId, reason) {
      let [replayed, accepted, stillRefused] = [0, 0, 0];
      let after: FailedEvent | undefined;
      do {
        const query: FailedQuery = { status: "open", reason, after, limit: PIECE };
        const piece = await store.list(workspaceId, query);
        for (const some of groupsOf(piece)) {
          const done = await replaySeveral(workspaceId, some);
          const open = done.filter(({ status }) => status === "open").length;
          accepted += done.reduce((sum, one) => sum + one.accepted, 0);
          stillRefused += open;
          replayed += done.length - open;
        }
        after = piece.length < PIECE ? undefined : piece.at(-1);
      } while (after);
      return { replayed, accepted, still_refused: stillRefused };
    },
  };
}

/** In their order; a body that is larger than a group may be has one of its own. */
function groupsOf(events: readonly FailedEvent[]): FailedEvent[][] {
  const groups: FailedEvent[][] = [];
  let room = 0;
  for (const event of events) {
    const { length } = event.edited ?? event.raw;
    if (length > room || groups.length === 0) {
      groups.push([]);
      room = MOST_TEXT;
    }
    groups.at(-1)?.push(event);
    room -= length;
  }
  return groups;
}

function describe(id: string, { events, rejected }: ReadAgain): Replayed {
  return {
    id,
    status: events.length === 0 ? "open" : "replayed",
    accepted: events.length,
    rejected: rejected.map(({ index, code, item }) => ({
      index,
      code,
      message: explainReason(item.reason),
    })),
  };
}

function settled({ id, status }: FailedEvent): AppError {
  return new AppError("already_settled", 409, `The refused event "${id}" is ${status}.`, {
    hint:
      status === "discarded"
        ? "Reopen it first: set its status to open."
        : "Only open ones can be edited, replayed or discarded; only discarded ones reopened.",
  });
}
