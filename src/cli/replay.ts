import { createFailedEvents, type FailedEventsDeps } from "../collect/failed-events.ts";
import { createFailedStore } from "../collect/store-failed.ts";
import { createTrackingPlan, type TrackingPlan } from "../collect/tracking-plan.ts";
import type { Guard } from "../contacts/privacy/guard.ts";
import type { BatchStatement } from "../db/db.ts";
import { createServiceHooks } from "../hooks.ts";
import { truncateIp } from "../lib/ip.ts";
import { createPartitions } from "../log/event-partitions.ts";
import { insertEvents } from "../log/events-store.ts";
import { createFailedEvent, failedIdOf, insertFailedEvents } from "../log/failed-events.ts";
import { createCommandPrivacy } from "./command-privacy.ts";
import { type CommandContext, type WorkspaceOption, withContext, workspaceOf } from "./context.ts";

interface ReplayOptions extends WorkspaceOption {
  readonly id?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/** `clicktrail replay`: reads refused events again, all that are open, those of a reason, or one. */
export async function replay(options: ReplayOptions): Promise<void> {
  const { id, reason, dryRun = false } = options;
  await withContext(async (context) => {
    const workspaceId = await workspaceOf(context, options);
    const privacy = createCommandPrivacy(context);
    const plan = createTrackingPlan({
      db: context.storage.db,
      now: context.now,
      onError: (error) => console.error("The tracking plan cannot be read:", error),
    });
    const hooks = await createServiceHooks({
      ...context,
      baseUrl: "",
      onError: (error) => console.error("The webhooks' counts cannot be written:", error),
    });
    await plan.start();
    await privacy.start();
    await privacy.consents.start();
    try {
      const failedEvents = createFailedEvents({
        ...createDeps(context, privacy.guard, plan),
        reports: hooks.reports,
      });
      if (dryRun) return await report(failedEvents, workspaceId, reason);
      if (id !== undefined) return print(await failedEvents.replay(workspaceId, id));
      print(await failedEvents.replayAll(workspaceId, reason));
    } finally {
      plan.stop();
      await hooks.hooks.stop();
      privacy.stop();
    }
  });
}

/** Straight into the log: the journal belongs to the running service, which reads on from there. */
function createDeps(
  { config, now, storage }: CommandContext,
  guard: Guard,
  plan: TrackingPlan,
): Omit<FailedEventsDeps, "reports"> {
  const { db, keyring } = storage;
  const salt = keyring.keysFor("address").current.bytes;
  const write = (statement: BatchStatement) => db.batch([statement]);
  return {
    store: createFailedStore(db),
    async record(events) {
      const json = JSON.stringify(guard.screenEvents(events));
      if (db.engine === "postgres") await createPartitions(db, json);
      await write(insertEvents(db.engine, json));
    },
    async keepRejected(items) {
      const rows = guard
        .screenRejected(items)
        .map((item) => createFailedEvent(item, failedIdOf(item)));
      await write(insertFailedEvents(JSON.stringify(rows)));
    },
    findPlanned: plan.find,
    storableIp: (ip) => truncateIp(ip, config.IP_MODE, salt),
    clickParam: config.CLICK_PARAM,
    now,
  };
}

async function report(
  failedEvents: Pick<ReturnType<typeof createFailedEvents>, "count">,
  workspaceId: number,
  only: string | undefined,
): Promise<void> {
  const counts = await failedEvents.count(workspaceId, "open");
  const shown = counts.filter(({ reason }) => only === undefined || reason === only);
  console.log("Would be replayed:");
  for (const { reason, count } of shown) console.log(`${String(count).padStart(10)}  ${reason}`);
}

function print(result: object): void {
  console.log(JSON.stringify(result, null, 2));
}
