import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../../db/db.ts";
import { AppError } from "../../lib/errors.ts";
import type { Refs } from "../../lib/refs.ts";
import { createLease } from "../../log/lease.ts";
import type { AppendChanges } from "../../log/projection.ts";
import type { Ledger } from "./ledger.ts";
import { type ErasureCounts, type ErasurePlan, NO_COUNTS } from "./plan.ts";
import { sweepAll } from "./run-erasure.ts";
import {
  type Erasure,
  type ErasureActor,
  forgetPlan,
  insertErasure,
  interruptProjections,
  noteFinished,
  readErasure,
  readUnfinished,
} from "./store-erasures.ts";
import { type ErasedKey, enterKeys, findErasureOf, reviveKeys } from "./store-ledger.ts";
import { findSubject, readTraces, refsOfId } from "./store-subject.ts";
import { progressOf, readLastSeq } from "./sweep-log.ts";

interface ErasuresDeps {
  /** False beside a running service, which finds the erasure and does the work. */
  readonly carriesOut: boolean;
  readonly db: Db;
  /** Names this process in leases. */
  readonly owner: string;
  readonly refsOf: (workspaceId: number) => Refs;
  readonly ledger: Pick<Ledger, "refresh">;
  readonly appendChanges: AppendChanges;
  readonly now: () => number;
  readonly createId: () => string;
  /** Imports what the journal holds, screened by the present ledger. */
  readonly emptyJournal: () => Promise<void>;
  /** Writes anew what this node keeps of consents beside the database. */
  readonly renewKept: () => Promise<void>;
  /** Waits, for a while, until everything that came in is in the projections. */
  readonly catchUp: () => Promise<void>;
  /** Writes the receipt into the audit log. */
  readonly recordReceipt: (
    workspaceId: number,
    actor: ErasureActor,
    subject: string,
    receipt: Record<string, unknown>,
  ) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** How an erasure stands, as the API tells it. Times are ISO 8601 UTC. */
interface ErasureStatus {
  readonly id: string;
  readonly state: "running" | "finished";
  /** 0 to 1: the share of the log that is searched. */
  readonly progress: number;
  readonly requested_at: string;
  readonly finished_at: string | null;
  readonly counts: ErasureCounts;
  /** SHA-256 of the receipt in the audit log; null until it is finished. */
  readonly receipt: string | null;
}

/** Takes contacts out of everything that is kept. */
export interface Erasures {
  /**
   * Begins to erase a contact, or finds the erasure it had: from the moment it resolves nothing that names the
   * contact is stored any more.
   *
   * @param id our id, or the sender's user id or email
   * @throws {AppError} `not_found` (404) for somebody who is not known and never was erased
   */
  request(workspaceId: number, id: string, actor: ErasureActor): Promise<ErasureStatus>;
  /** @throws {AppError} `not_found` (404) */
  status(workspaceId: number, erasureId: string): Promise<ErasureStatus>;
  /** Waits until it is finished, or for so long. */
  waitFor(workspaceId: number, erasureId: string, withinMs: number): Promise<ErasureStatus>;
  /** Takes up what an earlier run, another node or the command line left to do. */
  start(): void;
  stop(): Promise<void>;
}

/** Other nodes' doors and importers know a new key after this time. */
const OTHER_NODES_MS = 2500;
const LOOK_MS = 1000;
const WAIT_MS = 50;

export function createErasures(deps: ErasuresDeps): Erasures {
  const { db, refsOf, ledger, now, onError } = deps;
  const lease = createLease(db, "erasures", deps.owner, now);
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  async function request(
    workspaceId: number,
    id: string,
    actor: ErasureActor,
  ): Promise<ErasureStatus> {
    const refs = refsOf(workspaceId);
    const earlier = await findEarlier(workspaceId, id);
    if (earlier && earlier.finishedAt === null) return describe(earlier);
    const plan = await makePlan(workspaceId, id);
    if (!plan) {
      if (earlier) return describe(earlier);
      throw unknownContact();
    }
    const erasure = toErasure(deps, refs, workspaceId, plan, actor);
    const keys = keysOf(refs, erasure, plan);
    await db.batch([
      insertErasure(erasure),
      enterKeys(keys),
      ...reviveKeys(db.engine, workspaceId, erasure.id, keys),
      interruptProjections(),
    ]);
    await ledger.refresh();
    pump();
    return describe(erasure);
  }

  async function findEarlier(workspaceId: number, id: string): Promise<Erasure | undefined> {
    const refs = refsOf(workspaceId);
    const hashes = refsOfId(refs, id).map((ref) => refs.erased("contact", ref));
    const key = await findErasureOf(db, workspaceId, hashes);
    return key && readErasure(db, workspaceId, key.erasure_id);
  }

  async function makePlan(workspaceId: number, id: string): Promise<ErasurePlan | undefined> {
    const find = () => findSubject(db, refsOf(workspaceId), workspaceId, id);
    let subject = await find();
    if (!subject) {
      await deps.catchUp();
      subject = await find();
    }
    if (!subject) return undefined;
    const { refs, userIds, emails } = subject;
    return { refs, userIds, emails, ...(await readTraces(db, workspaceId, subject)) };
  }

  /** One at a time, on one node. */
  function pump(): void {
    if (isStopped || !deps.carriesOut) return;
    running ??= work()
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
  }

  async function work(): Promise<void> {
    const waiting = await readUnfinished(db);
    if (waiting.length === 0 || !(await lease.hold())) return;
    try {
      for (const erasure of waiting) await carryOut(erasure);
    } finally {
      await lease.release();
    }
  }

  async function checkpoint(): Promise<void> {
    if (isStopped) throw new Error("The erasure stops with the service and goes on with the next.");
    if (!(await lease.hold())) throw new Error("Another node carries on with the erasure.");
  }

  async function carryOut(erasure: Erasure): Promise<void> {
    const { workspaceId, plan } = erasure;
    await checkpoint();
    await ledger.refresh();
    let { counts } = erasure;
    if (plan) {
      await deps.emptyJournal();
      if (db.engine === "postgres") await sleep(OTHER_NODES_MS);
      const swept = await sweepAll({ ...deps, checkpoint }, erasure, plan);
      counts = swept.counts;
      await deps.renewKept();
      await forgetPlan(db, erasure, counts);
      await db.purge(swept.tables);
    } else await db.purge([]);
    const finishedAt = now();
    const receipt = toReceipt({ ...erasure, counts, finishedAt });
    await deps.recordReceipt(workspaceId, erasure.actor, erasure.subjectHash, receipt);
    await noteFinished(db, erasure, finishedAt);
  }

  async function status(workspaceId: number, erasureId: string): Promise<ErasureStatus> {
    const erasure = await readErasure(db, workspaceId, erasureId);
    if (!erasure) throw new AppError("not_found", 404, "There is no such erasure.");
    return describe(erasure);
  }

  async function describe(erasure: Erasure): Promise<ErasureStatus> {
    const isFinished = erasure.finishedAt !== null;
    return {
      id: erasure.id,
      state: isFinished ? "finished" : "running",
      progress: isFinished ? 1 : progressOf(erasure.doneSeq, await readLastSeq(db)),
      requested_at: new Date(erasure.requestedAt).toISOString(),
      finished_at: isFinished ? new Date(erasure.finishedAt).toISOString() : null,
      counts: erasure.counts,
      receipt: isFinished ? String(toReceipt(erasure)["sha256"]) : null,
    };
  }

  return {
    request,
    status,
    async waitFor(workspaceId, erasureId, withinMs) {
      const deadline = performance.now() + withinMs;
      for (;;) {
        const found = await status(workspaceId, erasureId);
        if (found.state === "finished" || performance.now() >= deadline) return found;
        await sleep(WAIT_MS);
      }
    },
    start() {
      pump();
      timer = setInterval(pump, LOOK_MS);
      timer.unref();
    },
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
}

function toErasure(
  { now, createId }: ErasuresDeps,
  refs: Refs,
  workspaceId: number,
  plan: ErasurePlan,
  actor: ErasureActor,
): Erasure {
  return {
    workspaceId,
    id: createId(),
    requestedAt: now(),
    actor,
    subjectHash: refs.erased("contact", plan.refs[0] ?? ""),
    plan,
    doneSeq: 0,
    counts: NO_COUNTS,
    finishedAt: null,
  };
}

function keysOf(refs: Refs, erasure: Erasure, plan: ErasurePlan): ErasedKey[] {
  const hashes = [
    ...plan.refs.map((ref) => refs.erased("contact", ref)),
    ...plan.visitors.map((visitor) => refs.erased("visitor", visitor)),
  ];
  return hashes.map((key_hash) => ({
    workspace_id: erasure.workspaceId,
    key_hash,
    erasure_id: erasure.id,
    erased_at: erasure.requestedAt,
    readmitted_at: null,
  }));
}

/** What was done, with a hash by which the entry can be shown to be unchanged. */
function toReceipt(erasure: Erasure): Record<string, unknown> {
  const { id, subjectHash, requestedAt, finishedAt, counts } = erasure;
  const facts = { erasure: id, subject: subjectHash, requestedAt, finishedAt, ...counts };
  const sha256 = createHash("sha256").update(JSON.stringify(facts)).digest("hex");
  return { ...facts, sha256 };
}

function unknownContact(): AppError {
  return new AppError("not_found", 404, "There is no such contact.", {
    hint: "Give our contact id, or your own user id or email, URL-encoded.",
  });
}
