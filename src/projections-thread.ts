import { parentPort, workerData } from "node:worker_threads";
import { createAccess } from "./access/access.ts";
import { createJourneyProjection } from "./contacts/project.ts";
import { createCampaignsProjection } from "./email/project.ts";
import { createClock } from "./lib/clock.ts";
import { publicUrl } from "./lib/config.ts";
import { createId } from "./lib/ids.ts";
import { yieldToOtherThreads } from "./lib/thread-priority.ts";
import { createAppendChanges } from "./log/changes.ts";
import { createFollower } from "./log/follow.ts";
import {
  describeError,
  type FromProjections,
  type ProjectionsOrder,
  type ToProjections,
} from "./projections.ts";
import { openStorage } from "./storage.ts";
import { createTrafficProjection } from "./traffic/project.ts";
import { loadSignals } from "./traffic/signals.ts";

// The inside of the projections thread: its own connections, the projections, and their follower.
const { config, owner }: ProjectionsOrder = workerData;
const port = parentPort;
if (!port) throw new Error("This file is a worker thread.");
const tell = (message: FromProjections) => port.postMessage(message);

yieldToOtherThreads();
try {
  const stop = await run();
  port.on("message", async (message: ToProjections) => {
    if (message !== "stop") return;
    await stop();
    port.close();
  });
  tell({ kind: "started" });
} catch (error) {
  tell({ kind: "failed", error: describeError(error) });
}

async function run(): Promise<() => Promise<void>> {
  const now = createClock(config.CLOCK_OFFSET_FILE);
  const { db, keyring } = await openStorage(config);
  const onError = (error: unknown) =>
    tell({ kind: "trouble", projection: "", error: describeError(error) });
  const access = createAccess({
    db,
    now,
    createId: () => createId(now()),
    keyring,
    baseUrl: publicUrl(config),
    environmentKeys: {},
    onError,
  });
  await access.start();
  const appendChanges = createAppendChanges(db.engine);
  const projections = [
    createCampaignsProjection(db.engine),
    createTrafficProjection({ signals: await loadSignals(), appendChanges }),
    createJourneyProjection({ engine: db.engine, refsOf: access.refsOf, appendChanges }),
  ];
  const follower = createFollower(projections, {
    db,
    owner,
    now,
    monotonicNow: () => performance.now(),
    onTrouble(projection, error) {
      tell({ kind: "trouble", projection, error: describeError(error) });
    },
  });
  await follower.start();
  port?.on("message", (message: ToProjections) => {
    if (message === "wake") follower.wake();
  });
  return async () => {
    await follower.stop();
    access.stop();
    await db.close();
  };
}
