import type { BatchStatement, Db } from "../../db/db.ts";
import { sql } from "../../db/sql.ts";
import type { ErasureCounts, ErasurePlan } from "./plan.ts";

/** Who asked for an erasure. */
export interface ErasureActor {
  readonly kind: string;
  readonly id: string;
}

/** A row of `erasures`. */
export interface Erasure {
  readonly workspaceId: number;
  readonly id: string;
  readonly requestedAt: number;
  readonly actor: ErasureActor;
  readonly subjectHash: string;
  /** Null once nothing is left to look for. */
  readonly plan: ErasurePlan | null;
  readonly doneSeq: number;
  readonly counts: ErasureCounts;
  readonly finishedAt: number | null;
}

interface ErasureRow {
  readonly workspace_id: number;
  readonly erasure_id: string;
  readonly requested_at: number;
  readonly actor_kind: string;
  readonly actor_id: string;
  readonly subject_hash: string;
  readonly plan: string | null;
  readonly done_seq: number;
  readonly counts: string;
  readonly finished_at: number | null;
}

const COLUMNS = sql`workspace_id, erasure_id, requested_at, actor_kind, actor_id, subject_hash, plan,
  done_seq, counts, finished_at`;

/** The write that begins an erasure. */
export function insertErasure(erasure: Erasure): BatchStatement {
  const { workspaceId, id, requestedAt, actor, subjectHash, plan, doneSeq, counts } = erasure;
  return sql`
    INSERT INTO erasures (${COLUMNS})
    VALUES (${workspaceId}, ${id}, ${requestedAt}, ${actor.kind}, ${actor.id}, ${subjectHash},
      ${JSON.stringify(plan)}, ${doneSeq}, ${JSON.stringify(counts)}, NULL)`;
}

/**
 * Ends what every projection is computing right now: its write fails, and it looks again, with the ledger.
 * Otherwise a slice that was read before would write the contact back.
 */
export function interruptProjections(): BatchStatement {
  return sql`UPDATE leases SET token = token + 1 WHERE name LIKE 'projection:%'`;
}

/** The write that notes how far the search has come. */
export function noteProgress(
  { workspaceId, id }: Erasure,
  doneSeq: number,
  counts: ErasureCounts,
): BatchStatement {
  return sql`
    UPDATE erasures SET done_seq = ${doneSeq}, counts = ${JSON.stringify(counts)}
    WHERE workspace_id = ${workspaceId} AND erasure_id = ${id}`;
}

/** Forgets whom it looked for: from here on only hashes are left. */
export async function forgetPlan(
  db: Db,
  { workspaceId, id }: Erasure,
  counts: ErasureCounts,
): Promise<void> {
  await db.run(sql`
    UPDATE erasures SET plan = NULL, counts = ${JSON.stringify(counts)}
    WHERE workspace_id = ${workspaceId} AND erasure_id = ${id}`);
}

/** Notes that it is finished. */
export async function noteFinished(
  db: Db,
  { workspaceId, id }: Erasure,
  at: number,
): Promise<void> {
  await db.run(sql`
    UPDATE erasures SET finished_at = ${at}
    WHERE workspace_id = ${workspaceId} AND erasure_id = ${id}`);
}

/** One erasure of a workspace. */
export async function readErasure(
  db: Db,
  workspaceId: number,
  id: string,
): Promise<Erasure | undefined> {
  const row = await db.get<ErasureRow>(sql`
    SELECT ${COLUMNS} FROM erasures WHERE workspace_id = ${workspaceId} AND erasure_id = ${id}`);
  return row && toErasure(row);
}

/** Those that are not finished, of every workspace, oldest first: a handful of rows. */
export async function readUnfinished(db: Db): Promise<Erasure[]> {
  const rows = await db.all<ErasureRow>(sql`
    SELECT ${COLUMNS} FROM erasures WHERE finished_at IS NULL ORDER BY requested_at, erasure_id`);
  return rows.map(toErasure);
}

function toErasure(row: ErasureRow): Erasure {
  return {
    workspaceId: row.workspace_id,
    id: row.erasure_id,
    requestedAt: row.requested_at,
    actor: { kind: row.actor_kind, id: row.actor_id },
    subjectHash: row.subject_hash,
    plan: row.plan === null ? null : JSON.parse(row.plan),
    doneSeq: row.done_seq,
    counts: JSON.parse(row.counts),
    finishedAt: row.finished_at,
  };
}
