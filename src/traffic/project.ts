import { sql } from "../db/sql.ts";
import { mapAtOnce } from "../lib/map-at-once.ts";
import type { StoredEvent } from "../log/event.ts";
import { type AppendChanges, type Projection, WORKSPACES_AT_ONCE } from "../log/projection.ts";
import type { Signal } from "./define.ts";
import { RULES_VERSION } from "./judge.ts";
import { findTouchedClicks } from "./judge-engagement.ts";
import { judgeHits } from "./judge-hits.ts";
import { judgeVisits } from "./judge-visits.ts";
import { readMailNews } from "./mail-book.ts";
import { createTrafficTables, TRAFFIC_TABLES } from "./schema.ts";
import { groupBy } from "./spans.ts";
import { createTrafficStore, type TrafficStore } from "./store.ts";
import { tallyChanges, tallyFloods } from "./tally.ts";
import { type TrafficWrites, writeTraffic } from "./writes.ts";

/** The stage name in the changes feed, and the projection's own. */
const STAGE = "traffic";

interface TrafficDeps {
  /** The catalog: `loadSignals()`. */
  readonly signals: readonly Signal[];
  readonly appendChanges: AppendChanges;
}

/**
 * Follows the log and keeps a verdict beside every click, open, site and server event.
 *
 * Each arrival judges its neighbours again, by indexed reads of their look-up tables; a verdict or
 * certainty that comes out different is appended to the changes feed. Batches may be cut anywhere:
 * the verdicts are those of one judgement over all events.
 */
export function createTrafficProjection({ signals, appendChanges }: TrafficDeps): Projection {
  return {
    name: STAGE,
    version: RULES_VERSION,
    tables: TRAFFIC_TABLES,
    create: createTrafficTables,
    corrections: (from, to) => sql`
      INSERT INTO changes (workspace_id, stage, seq)
      SELECT w.workspace_id, ${STAGE}, w.seq
      FROM ${to("verdicts")} AS w
      JOIN ${from("verdicts")} AS v ON v.workspace_id = w.workspace_id AND v.seq = w.seq
      WHERE v.verdict <> w.verdict OR v.certainty <> w.certainty
      ORDER BY w.seq`,
    async handle({ events, table, isFilling = false }, db) {
      const byWorkspace = groupBy(events, (event) => String(event.workspace_id));
      const judged = await mapAtOnce(byWorkspace, WORKSPACES_AT_ONCE, async ([key, own]) => {
        const workspaceId = Number(key);
        const store = createTrafficStore(db, table, workspaceId);
        const { changed, ...writes } = await judgeBatch(own, store, signals);
        return {
          statements: writeTraffic(db.engine, table, workspaceId, writes),
          changes: changed.map((seq) => ({ workspaceId, seq })),
        };
      });
      const statements = judged.flatMap((own) => own.statements);
      const changes = judged.flatMap((own) => own.changes);
      const isNews = changes.length > 0 && !isFilling;
      return isNews ? [...statements, appendChanges(STAGE, changes)] : statements;
    },
  };
}

async function judgeBatch(
  events: readonly StoredEvent[],
  store: TrafficStore,
  signals: readonly Signal[],
): Promise<TrafficWrites & { changed: readonly number[] }> {
  const [mails, visits] = await Promise.all([
    readMailNews(events, store),
    judgeVisits(events, store),
  ]);
  const touchedClicks = await findTouchedClicks(visits, store);
  const hits = await judgeHits(events, { signals, store, mails, visits, touchedClicks });
  return {
    hits: hits.rows,
    crowdedHits: hits.crowded,
    visits: visits.rows,
    crowdedVisits: visits.crowded,
    verdicts: new Map([...visits.verdicts, ...hits.verdicts]),
    messages: mails.messages,
    links: mails.links,
    ...tallyChanges([...visits.tally, ...hits.tally, ...tallyFloods(events, RULES_VERSION)]),
    changed: [...visits.changed, ...hits.changed].map(({ seq }) => seq).sort((a, b) => a - b),
  };
}
