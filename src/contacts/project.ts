import type { BatchStatement, Engine } from "../db/db.ts";
import { mapAtOnce } from "../lib/map-at-once.ts";
import type { Refs } from "../lib/refs.ts";
import type { StoredEvent } from "../log/event.ts";
import {
  type AppendChanges,
  type Projection,
  type ProjectionBatch,
  WORKSPACES_AT_ONCE,
} from "../log/projection.ts";
import { type DescribedEvent, describeEvent } from "./describe.ts";
import { groupBy } from "./group-by.ts";
import { isDecision } from "./links.ts";
import { SETTINGS } from "./settings.ts";
import { readEventsBySeq, readVerdicts, type Scope } from "./store.ts";
import { createTables, JOURNEY_TABLES } from "./tables.ts";
import { updateContacts } from "./update-contacts.ts";
import { updateDirectEvents } from "./update-direct.ts";
import { updateVisitors } from "./update-visitors.ts";
import { updateTimes } from "./writers.ts";

interface JourneyProjectionDeps {
  readonly engine: Engine;
  /** The references of a workspace, by its number. */
  readonly refsOf: (workspaceId: number) => Refs | Promise<Refs>;
  readonly appendChanges: AppendChanges;
  /** Those of the refs whose contact was erased; nobody's, unless given. */
  readonly erasedRefs?: (
    workspaceId: number,
    refs: readonly string[],
  ) => Promise<ReadonlySet<string>>;
  /** For tests; else `SETTINGS.crowdEvents`. */
  readonly crowdEvents?: number;
}

const NAME = "journey";

/** Links of a campaign, and counts of hits: nothing that a contact did. */
const NOBODYS: ReadonlySet<string> = new Set(["rewrite", "flood"]);

/**
 * The projection that says whose each event is, and in which session.
 *
 * A batch takes the ids and emails it tells into the contacts, computes the visitors it concerns
 * again from all their facts and writes what differs. The result is the same in any order of
 * arrival; an event that comes to be another contact's goes to the changes feed.
 *
 * Reads the view `verdicts (workspace_id, seq, verdict)` of the stage before it.
 */
export function createJourneyProjection(deps: JourneyProjectionDeps): Projection {
  const crowdEvents = deps.crowdEvents ?? SETTINGS.crowdEvents;
  return {
    name: NAME,
    version: 2,
    tables: JOURNEY_TABLES,
    after: "traffic",
    create: (table) => createTables(deps.engine, table),
    async handle(batch, db) {
      const writes = await mapAtOnce(workspacesOf(batch), WORKSPACES_AT_ONCE, (workspaceId) => {
        const scope: Scope = {
          db,
          table: batch.table,
          workspaceId,
          crowdEvents,
          erasedOf: async (refs) => (await deps.erasedRefs?.(workspaceId, [...refs])) ?? new Set(),
        };
        return handleWorkspace(deps, scope, batch);
      });
      return writes.flat();
    },
  };
}

function workspacesOf({ events, changes }: ProjectionBatch): Set<number> {
  return new Set([...events, ...changes].map(({ workspace_id }) => workspace_id));
}

async function handleWorkspace(
  { refsOf, appendChanges }: JourneyProjectionDeps,
  scope: Scope,
  batch: ProjectionBatch,
): Promise<BatchStatement[]> {
  const { workspaceId } = scope;
  const refs = await refsOf(workspaceId);
  const { events, stored } = await readBatch(scope, batch);
  const verdicts = await readVerdicts(
    scope,
    events.map(({ seq }) => seq),
  );
  const described = await withoutErased(
    scope,
    events
      .filter(({ type }) => !NOBODYS.has(type))
      .map((event) => describeEvent(event, refs, verdicts.get(event.seq) ?? null)),
  );
  const contacts = await updateContacts(scope, described);
  const visitors = await updateVisitors(scope, described, contacts);
  const direct = await updateDirectEvents(scope, described, stored, contacts, refs);
  const reassigned = [...new Set([...visitors.reassigned, ...direct.reassigned])];
  return [
    ...contacts.writes,
    ...visitors.writes,
    ...direct.writes,
    ...updateTimes(scope, [...contacts.contacts, ...visitors.contacts, ...direct.contacts]),
    ...(reassigned.length === 0
      ? []
      : [
          appendChanges(
            NAME,
            reassigned.map((seq) => ({ workspaceId, seq })),
          ),
        ]),
  ];
}

/** Events that name an erased contact tell nothing of anybody any more. */
async function withoutErased(
  scope: Scope,
  events: readonly DescribedEvent[],
): Promise<DescribedEvent[]> {
  const erased = await scope.erasedOf(new Set(events.flatMap(refsOf)));
  return events.map((event) => {
    if (!refsOf(event).some((ref) => erased.has(ref))) return event;
    // On a visitor the refs stay: they say that the event is nobody's, instead of the owner's.
    const fact =
      event.anonymousId === null ? { ...event.fact, userRef: null, emailRef: null } : event.fact;
    return { ...event, fact, recipientRef: null, links: [], named: [], traits: {} };
  });
}

function refsOf({ fact, recipientRef, links }: DescribedEvent): string[] {
  const decided = links.filter(isDecision).flatMap((link) => [link.userRef, link.previousRef]);
  return [fact.userRef, fact.emailRef, recipientRef, ...decided].flatMap((ref) => ref ?? []);
}

/** The events of a batch, and those whose verdict changed, which were handled before. */
async function readBatch(
  scope: Scope,
  batch: ProjectionBatch,
): Promise<{ events: StoredEvent[]; stored: Set<number> }> {
  const isOwn = ({ workspace_id }: { workspace_id: number }) => workspace_id === scope.workspaceId;
  const fresh = batch.events.filter(isOwn);
  const freshSeqs = new Set(fresh.map(({ seq }) => seq));
  const changed = batch.changes.filter((change) => isOwn(change) && !freshSeqs.has(change.seq));
  const judged = await readEventsBySeq(scope, [...new Set(changed.map(({ seq }) => seq))]);
  const bySeq = groupBy([...fresh, ...judged], ({ seq }) => seq);
  return {
    events: [...bySeq.values()].flatMap(([event]) => event ?? []),
    stored: new Set(judged.map(({ seq }) => seq)),
  };
}
