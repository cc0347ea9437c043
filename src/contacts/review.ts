import type { Db } from "../db/db.ts";
import { AppError } from "../lib/errors.ts";
import { createEvent, type EventRow } from "../log/event.ts";
import { groupBy } from "./group-by.ts";
import { type Decision, REVIEW_SOURCE } from "./links.ts";
import {
  createReviewStore,
  type NamedRef,
  type ReviewedContact,
  type ReviewStore,
  type StoredSuggestion,
} from "./review-store.ts";

/** Two contacts that may be one person; nobody has decided. */
export interface Suggestion {
  /** The one that stays if they are merged: the first one known. */
  readonly into: ReviewedContact;
  readonly from: ReviewedContact;
  /** What was seen, one sentence each. */
  readonly reasons: readonly string[];
}

/** A decision that stands, until it is undone. Names are an id or address; null once erased. */
export interface Decided {
  readonly decision: "accept" | "reject";
  readonly into: { readonly id: string; readonly name: string | null };
  readonly from: { readonly id: string; readonly name: string | null };
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** The review list of a workspace. */
export interface ReviewList {
  readonly suggestions: readonly Suggestion[];
  readonly decided: readonly Decided[];
}

/** A decision about two contacts, named by our ids. */
export interface NewDecision {
  readonly decision: Decision;
  readonly into: string;
  readonly from: string;
}

export interface ReviewDeps {
  readonly db: Db;
  readonly now: () => number;
  readonly createId: () => string;
  /** Appends facts to the log; durable when resolved. */
  readonly record: (events: readonly EventRow[]) => Promise<void>;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** What the review page and its routes ask. */
export interface Review {
  list(workspaceId: number): Promise<ReviewList>;
  /**
   * Appends a decision to the log. Nothing is merged destructively: the facts stay as they are, and a
   * later decision about the same two replaces this one. Resolves once the contacts show it, or after 3 s.
   *
   * @throws {AppError} `not_found` for an id that names nobody, `invalid_body` for one contact twice or
   *                    for an undo of nothing
   */
  decide(workspaceId: number, decision: NewDecision): Promise<void>;
}

/** More than anybody reads; deciding makes room. */
const MOST_SHOWN = 200;
const PROJECTION_WAIT_MS = 3000;
const LOOK_EVERY_MS = 25;

const EVENT_NAMES: Record<Decision, string> = {
  accept: "suggestion_accepted",
  reject: "suggestion_rejected",
  undo: "decision_undone",
};

/** Makes the review of suggestions over a workspace's log. */
export function createReview(deps: ReviewDeps): Review {
  const { db, now, createId, record } = deps;
  return {
    list: (workspaceId) => listReview(createReviewStore(db, workspaceId)),
    async decide(workspaceId, asked) {
      const store = createReviewStore(db, workspaceId);
      await checkDecision(store, asked);
      const at = now();
      const event = createEvent({
        workspace_id: workspaceId,
        source_id: REVIEW_SOURCE,
        event_id: createId(),
        source: "server",
        type: "review",
        name: EVENT_NAMES[asked.decision],
        occurred_at: at,
        received_at: at,
        properties: { ...asked },
      });
      await record([event]);
      await waitUntilKnown(store, `${event.event_id} ${REVIEW_SOURCE}`, deps);
    },
  };
}

async function checkDecision(store: ReviewStore, { decision, into, from }: NewDecision) {
  const refs = await store.refs([into, from]);
  const [to, other] = [refs.get(into), refs.get(from)];
  if (!to || !other) {
    throw new AppError("not_found", 404, "There is no such contact.", {
      hint: "Give the ids of two contacts as `GET /v1/suggestions` shows them.",
    });
  }
  const isUndoable =
    decision === "undo" && (await readStanding(store)).some((one) => isAbout(one, into, from));
  if (decision === "undo" ? isUndoable : to.contact !== other.contact) return;
  throw new AppError(
    "invalid_body",
    422,
    decision === "undo" ? "Nothing is decided about these two." : "These are one contact already.",
  );
}

async function waitUntilKnown(store: ReviewStore, factId: string, { now, sleep }: ReviewDeps) {
  const until = now() + PROJECTION_WAIT_MS;
  while (!(await store.isKnown(factId)) && now() < until) await sleep(LOOK_EVERY_MS);
}

async function listReview(store: ReviewStore): Promise<ReviewList> {
  const [suggested, standing] = await Promise.all([
    store.suggestions(MOST_SHOWN),
    readStanding(store),
  ]);
  const refs = await store.refs(standing.flatMap(({ into, from }) => [into, from]));
  const rejected = new Set(
    standing.flatMap((one) => (one.decision === "reject" ? pairOf(one, refs) : [])),
  );
  const open = suggested.filter(({ pair: [a, b] }) => !rejected.has(`${a} ${b}`));
  const contacts = await store.contacts(open.flatMap(({ pair }) => pair));
  return {
    suggestions: open.flatMap((one) => toSuggestion(one, contacts)),
    decided: standing.map(({ decision, into, from, at }) => ({
      decision,
      into: { id: into, name: refs.get(into)?.value ?? null },
      from: { id: from, name: refs.get(from)?.value ?? null },
      at,
    })),
  };
}

interface Standing extends NewDecision {
  readonly decision: "accept" | "reject";
  readonly at: number;
}

/** The latest decision about each two, without the undone ones. */
async function readStanding(store: ReviewStore): Promise<Standing[]> {
  const all = await store.decisions(3 * MOST_SHOWN);
  const byPair = groupBy(all, ({ into, from }) => JSON.stringify([into, from].toSorted()));
  return [...byPair.values()].flatMap(([latest]) =>
    latest && latest.decision !== "undo" ? [{ ...latest, decision: latest.decision }] : [],
  );
}

function isAbout(one: NewDecision, a: string, b: string): boolean {
  return (one.into === a && one.from === b) || (one.into === b && one.from === a);
}

function pairOf({ into, from }: NewDecision, refs: ReadonlyMap<string, NamedRef>): string[] {
  const numbers = [refs.get(into)?.contact, refs.get(from)?.contact].flatMap((n) => n ?? []);
  return numbers.length === 2 ? [numbers.toSorted((a, b) => a - b).join(" ")] : [];
}

function toSuggestion(
  { pair: [first, second], scopes, findings }: StoredSuggestion,
  contacts: ReadonlyMap<number, ReviewedContact>,
): Suggestion[] {
  const [into, from] = [contacts.get(first), contacts.get(second)];
  return into && from ? [{ into, from, reasons: reasonsOf(scopes, findings) }] : [];
}

function reasonsOf(scopes: readonly string[], findings: readonly string[]): string[] {
  const visitors = scopes.filter((scope) => scope.startsWith("visitor:")).length;
  return [
    ...(visitors > 0
      ? [`Both were seen on ${visitors === 1 ? "one device" : `${visitors} devices`}.`]
      : []),
    ...(findings.includes("foreign_click")
      ? ["A link made for one of them was followed where the other had said who they are."]
      : []),
    ...(findings.includes("kiosk") ? ["Many people use that device."] : []),
    ...(scopes.some((scope) => scope.startsWith("ref:"))
      ? ["Your site named one as an alias of the other; a site's key may only suggest that."]
      : []),
  ];
}
