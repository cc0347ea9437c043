import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../../db/db.ts";
import { sql } from "../../db/sql.ts";
import type { Refs } from "../../lib/refs.ts";
import type { AppendChanges } from "../../log/projection.ts";
import { JOURNEY_TABLES } from "../tables.ts";
import type { ErasureCounts, ErasurePlan } from "./plan.ts";
import { type Erasure, noteProgress } from "./store-erasures.ts";
import { readLastSeq, sweepLog, valuesOf } from "./sweep-log.ts";
import { dropConsents, dropFailedEvents, redactLinks } from "./sweep-others.ts";
import {
  dropContact,
  dropFacts,
  dropMails,
  factTables,
  recomputeShared,
  tablesOf,
} from "./sweep-projections.ts";

export interface SweepDeps {
  readonly db: Db;
  readonly refsOf: (workspaceId: number) => Refs;
  readonly appendChanges: AppendChanges;
  /** Between two steps; throws where the work is to stop. */
  readonly checkpoint: () => Promise<void>;
}

/** Tables that an erasure deletes from or rewrites, projections apart. */
const OWN_TABLES = ["events", "failed_events", "consents", "consent_log", "erasures"];

/**
 * Takes a contact out of every table. Each step can be repeated, and the search through the log goes on where
 * it stopped.
 *
 * @returns what was removed, and the tables concerned
 */
export async function sweepAll(
  deps: SweepDeps,
  erasure: Erasure,
  plan: ErasurePlan,
): Promise<{ counts: ErasureCounts; tables: string[] }> {
  const searched = await searchLog(deps, erasure, plan);
  await sweepProjections(deps, erasure, plan);
  const { db } = deps;
  const failed = await dropFailedEvents(db, erasure.workspaceId, plan);
  await db.batch(dropConsents(db, erasure.workspaceId, plan));
  const counts = {
    ...searched,
    failed_events: searched.failed_events + failed,
    visitors: plan.visitors.length,
  };
  return { counts, tables: [...OWN_TABLES, ...(await projectionTables(db))] };
}

async function searchLog(
  { db, refsOf, checkpoint }: SweepDeps,
  erasure: Erasure,
  plan: ErasurePlan,
): Promise<ErasureCounts> {
  const { workspaceId } = erasure;
  let { doneSeq, counts } = erasure;
  // Whatever comes later is screened by the ledger.
  const lastSeq = await readLastSeq(db);
  while (doneSeq < lastSeq) {
    await checkpoint();
    const step = await sweepLog(db, refsOf(workspaceId), workspaceId, plan, doneSeq);
    const tables = {
      facts: await factTables(db),
      journey: await tablesOf(db, "journey"),
    };
    doneSeq = step.doneSeq;
    counts = {
      ...counts,
      events: counts.events + step.own.length,
      redacted: counts.redacted + step.redacted,
    };
    await db.batch([
      ...step.writes,
      ...dropFacts(db, workspaceId, step.own, tables),
      noteProgress(erasure, doneSeq, counts),
    ]);
  }
  return counts;
}

/** How often it looks whether a slice that was being written put the contact back. */
const LOOKS = 5;
const LOOK_MS = 300;

async function sweepProjections(
  deps: SweepDeps,
  { workspaceId }: Erasure,
  plan: ErasurePlan,
): Promise<void> {
  const { db, appendChanges, checkpoint } = deps;
  for (let look = 0; look < LOOKS; look += 1) {
    await checkpoint();
    for (const table of await tablesOf(db, "journey")) {
      await db.batch(await dropContact(db, workspaceId, plan, table));
    }
    for (const table of await tablesOf(db, "traffic")) {
      await db.run(dropMails(db, workspaceId, plan, table));
    }
    for (const table of await tablesOf(db, "campaigns")) {
      await db.batch(await redactLinks(db, workspaceId, plan, table));
    }
    if (db.engine === "postgres") await sleep(LOOK_MS);
    if (!(await isBack(db, workspaceId, plan))) break;
  }
  await db.batch(await recomputeShared(db, workspaceId, plan, appendChanges));
}

async function isBack(db: Db, workspaceId: number, { refs }: ErasurePlan): Promise<boolean> {
  const found = await Promise.all(
    (await tablesOf(db, "journey")).map((table) =>
      db.get(sql`
        SELECT 1 AS found FROM ${table("contact_refs")}
        WHERE workspace_id = ${workspaceId} AND ref IN (${valuesOf(db, refs)}) LIMIT 1`),
    ),
  );
  return found.some((row) => row !== undefined);
}

const PROJECTION_TABLES = {
  traffic: ["verdicts", "traffic_hits", "traffic_visits", "traffic_mails"],
  journey: JOURNEY_TABLES,
  campaigns: ["links"],
  transactions: ["transactions"],
};

async function projectionTables(db: Db): Promise<string[]> {
  const names = await Promise.all(
    Object.entries(PROJECTION_TABLES).map(async ([projection, tables]) =>
      (await tablesOf(db, projection)).flatMap((table) => tables.map((name) => table(name).sql)),
    ),
  );
  return names.flat();
}
