import type { Db } from "../../db/db.ts";
import type { Refs } from "../../lib/refs.ts";
import type { EventRow } from "../../log/event.ts";
import type { FailedEventRow } from "../../log/failed-events.ts";
import type { Journal } from "../../log/journal.ts";
import type { Guard, WithheldReason } from "./guard.ts";
import type { Ledger } from "./ledger.ts";
import { findTombstones } from "./store-ledger.ts";
import { hashEventKey } from "./tombstone.ts";

interface JournalScreenDeps {
  readonly db: Db;
  readonly journal: Pick<Journal, "segments" | "turnOver">;
  readonly ledger: Pick<Ledger, "isLoaded" | "isEmpty" | "isBlank">;
  readonly guard: Pick<Guard, "isErased">;
  readonly refsOf: (workspaceId: number) => Refs;
  readonly onWithheld: (reason: WithheldReason) => void;
}

/** Keeps an erased contact's facts in the journal from being imported. */
export interface JournalScreen {
  /** Takes them out of a slice; facts that the doors screened by the present ledger pass unread. */
  screen(segment: string, json: Buffer): Promise<Buffer>;
  /** The ledger has grown: whatever is in the journal by now was let in by an older one. */
  noteGrowth(): Promise<void>;
}

type JournalFact = Partial<EventRow> | FailedEventRow;

/** Segments that an earlier run left are read as well: nobody knows by which ledger they were written. */
export function createJournalScreen(deps: JournalScreenDeps): JournalScreen {
  const { db, journal, ledger, guard, refsOf, onWithheld } = deps;
  let suspects = new Set(journal.segments().map(({ name }) => name));
  let turns = 0;

  async function withoutReplays(events: readonly JournalFact[]): Promise<readonly JournalFact[]> {
    const keyed = events.flatMap((event) => {
      if ("failed_id" in event || ledger.isEmpty(event.workspace_id ?? 0)) return [];
      return [{ event, key: keyOf(event, refsOf) }];
    });
    const replayed = await findTombstones(
      db,
      keyed.map(({ key }) => key),
    );
    const gone = new Set<JournalFact>(
      keyed.filter(({ key }) => replayed.has(key.event_id)).map(({ event }) => event),
    );
    return events.filter((event) => !gone.has(event));
  }

  return {
    async screen(segment, json) {
      if (!ledger.isLoaded()) throw new Error("The erasure ledger has not been read yet.");
      if (ledger.isBlank() || (turns === 0 && !suspects.has(segment))) return json;
      const facts: JournalFact[] = JSON.parse(json.toString("utf8"));
      const named = facts.filter((fact) => !guard.isErased(fact));
      const kept = await withoutReplays(named);
      for (let i = kept.length; i < facts.length; i += 1) onWithheld("erased");
      return kept.length === facts.length ? json : Buffer.from(JSON.stringify(kept));
    },
    async noteGrowth() {
      turns += 1;
      try {
        const before = await journal.turnOver();
        const known = new Set(journal.segments().map(({ name }) => name));
        suspects = new Set([...suspects, ...before].filter((name) => known.has(name)));
      } finally {
        turns -= 1;
      }
    },
  };
}

function keyOf(event: Partial<EventRow>, refsOf: (workspaceId: number) => Refs) {
  const { workspace_id = 0, source_id = "", event_id = "" } = event;
  return {
    workspace_id,
    source_id,
    event_id: hashEventKey(refsOf(workspace_id), { source_id, event_id }),
  };
}
