import type { FailedEvents } from "../failed-events.ts";
import { REPORT_WAITING } from "./report.ts";

/** Matches reports that came while the database was away, once it is back. */
export interface WaitingReports {
  /** A report was kept to be matched later. */
  note(): void;
  start(): void;
  stop(): void;
}

interface WaitingReportsDeps {
  readonly failedEvents: Pick<FailedEvents, "replayAll">;
  readonly workspaces: () => Promise<readonly number[]>;
  /** Whether everything that came in is in the log, and known of its contacts. */
  readonly isSettled: () => Promise<boolean>;
  /** Told of each failed look; another follows. */
  readonly onError: (error: unknown) => void;
}

const LOOK_MS = 1000;
/** Under a load that never ends nothing is ever settled: then it is tried all the same. */
const MOST_LOOKS = 60;

/** Looks once a second while there may be such reports: an earlier run, or another node's end, may have left some. */
export function createWaitingReports(deps: WaitingReportsDeps): WaitingReports {
  let isPending = true;
  let looks = 0;
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;

  async function look(): Promise<void> {
    looks += 1;
    if (!(await deps.isSettled()) && looks < MOST_LOOKS) return;
    isPending = false;
    looks = 0;
    for (const workspaceId of await deps.workspaces()) {
      // What fits no mail now either has another reason from here on.
      await deps.failedEvents.replayAll(workspaceId, REPORT_WAITING);
    }
  }

  return {
    note() {
      isPending = true;
    },
    start() {
      timer = setInterval(() => {
        if (!isPending || isLooking) return;
        isLooking = true;
        void look()
          .catch((error: unknown) => {
            isPending = true;
            deps.onError(error);
          })
          .finally(() => {
            isLooking = false;
          });
      }, LOOK_MS).unref();
    },
    stop: () => clearInterval(timer),
  };
}
