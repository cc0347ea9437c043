import type { Db } from "../../db/db.ts";
import { createLease } from "../../log/lease.ts";
import type { RetentionReport } from "./retention.ts";

interface RetentionTimerDeps {
  readonly db: Db;
  /** Names this process in leases. */
  readonly owner: string;
  readonly now: () => number;
  readonly apply: () => Promise<RetentionReport>;
  readonly onDone: (report: RetentionReport) => void;
  readonly onError: (error: unknown) => void;
}

/** Runs retention once a day, on one node. */
export interface RetentionTimer {
  start(): void;
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** After a start other things come first. */
const FIRST_MS = 60_000;

/** @see applyRetention */
export function createRetentionTimer(deps: RetentionTimerDeps): RetentionTimer {
  const { apply, onDone, onError } = deps;
  const lease = createLease(deps.db, "retention", deps.owner, deps.now);
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    if (!(await lease.hold())) return;
    onDone(await apply());
    await lease.release();
  }

  function wait(ms: number): void {
    timer = setTimeout(() => {
      running = run().catch(onError);
      wait(DAY_MS);
    }, ms).unref();
  }

  return {
    start: () => wait(FIRST_MS),
    async stop() {
      clearTimeout(timer);
      await running;
    },
  };
}
