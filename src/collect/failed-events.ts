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
const AT_ONCE = 20;

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

  async function read(workspaceId: number, event: FailedEvent): Promise<ReadAgain> {
    if (reports.isReport(event)) return reports.read(workspaceId, event);
    return readAgain(workspaceId, event, reading);
  }

  async function replayOne(workspaceId: number, event: FailedEvent): Promise<Replayed> {
    if (event.status !== "open") throw settled(event);
    const { id } = event;
    const { events, rejected } = await read(workspaceId, event);
    const answer = {
      id,
      accepted: events.length,
      rejected: rejected.map(({ index, code, item }) => ({
        index,
        code,
        message: explainReason(item.reason),
      })),
    };
    const [first] = rejected;
    if (events.length === 0) {
      if (first) await store.setReason(workspaceId, id, first.item.reason);
      return { ...answer, status: "open" };
    }
    // The facts first: they carry the refused event's own id, so a replay cut short counts once all the same.
    await deps.record(events);
    if (rejected.length > 0) await deps.keepRejected(rejected.map(({ item }) => item));
    const move = { from: "open", to: "replayed", note: null, at: now() } as const;
    const isMoved = await store.move(workspaceId, id, move);
    if (isMoved && reports.isReport(event)) reports.countMatched(workspaceId, event, events);
    return { ...answer, status: "replayed" };
  }

  /** Some at once: each waits for the disk, with PostgreSQL also for the import, and waiting can be shared. */
  async function replaySeveral(
    workspaceId: number,
    events: readonly FailedEvent[],
  ): Promise<Replayed[]> {
    const done: Replayed[] = [];
    for (let at = 0; at < events.length; at += AT_ONCE) {
      const some = events.slice(at, at + AT_ONCE);
      done.push(...(await Promise.all(some.map((event) => replayOne(workspaceId, event)))));
    }
    return done;
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
      return requireMove(workspaceId, id, await store.move(workspaceId, id, move));
    },
    async reopen(workspaceId, id) {
      const move = { from: "discarded", to: "open", note: null, at: null } as const;
      return requireMove(workspaceId, id, await store.move(workspaceId, id, move));
    },
    async replay(workspaceId, id) {
      return replayOne(workspaceId, await find(workspaceId, id));
    },
    async replayAll(workspaceId, reason) {
      let [replayed, accepted, stillRefused] = [0, 0, 0];
      let after: FailedEvent | undefined;
      do {
        const query: FailedQuery = { status: "open", reason, after, limit: PIECE };
        const piece = await store.list(workspaceId, query);
        for (const result of await replaySeveral(workspaceId, piece)) {
          accepted += result.accepted;
          if (result.status === "open") stillRefused += 1;
          else replayed += 1;
        }
        after = piece.length < PIECE ? undefined : piece.at(-1);
      } while (after);
      return { replayed, accepted, still_refused: stillRefused };
    },
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
