import { parentPort, workerData } from "node:worker_threads";
import { type Access, createAccess } from "./access/access.ts";
import { createErasedRefs, type ErasedRefs } from "./contacts/privacy/erased-refs.ts";
import { createJourneyProjection } from "./contacts/project.ts";
import type { Engine } from "./db/db.ts";
import { createCampaignsProjection } from "./email/project.ts";
import { createClock } from "./lib/clock.ts";
import { publicUrl } from "./lib/config.ts";
import { createId } from "./lib/ids.ts";
import { yieldToOtherThreads } from "./lib/thread-priority.ts";
import { createAppendChanges } from "./log/changes.ts";
import { createFollower, prepareProjections } from "./log/follow.ts";
import type { Projection } from "./log/projection.ts";
import {
  describeError,
  type FromProjections,
  type ProjectionsOrder,
  type ToProjections,
} from "./projections.ts";
import { createQualityProjection } from "./reports/project-quality.ts";
import { createTransactionsProjection } from "./reports/project-transactions.ts";
import { openStorage } from "./storage.ts";
import { createTrafficProjection } from "./traffic/project.ts";
import { loadSignals } from "./traffic/signals.ts";

// The inside of the projections thread: its own connections, the projections, and their follower.
const { config, owner }: ProjectionsOrder = workerData;
const port = parentPort;
if (!port) throw new Error("This file is a worker thread.");
/**
 * Longest run of one read. Nobody waits for it, but the write-ahead log grows meanwhile. Beside
 * saturated neighbours it takes many times as long: within the 5 s of a page some were not done, and began anew.
 */
const READ_MS = 60_000;
let isBusy = false;
const tell = (message: FromProjections) => port.postMessage(message);

try {
  await prepare();
  tell({ kind: "started" });
  // Threads inherit this: the connections that follow are opened behind it.
  yieldToOtherThreads();
  const following = follow();
  port.on("message", async (message: ToProjections) => {
    const { wake, stop } = await following;
    isBusy = message === "busy" || (isBusy && message !== "calm");
    if (message === "wake") wake();
    else if (message === "stop") await stop().finally(() => port.close());
  });
  await following;
} catch (error) {
  tell({ kind: "failed", error: describeError(error) });
}

/** Makes the tables, at full speed: the service waits for it, and starting threads takes longer than the work. */
async function prepare(): Promise<void> {
  const { db } = await openStorage(config, { threads: false });
  try {
    // Their definitions need no references: nothing is handled yet.
    await prepareProjections(await createProjections(db.engine, noRefs), db);
  } finally {
    await db.close();
  }
}

/** Follows the log until it is stopped. */
async function follow(): Promise<{ wake(): void; stop(): Promise<void> }> {
  const now = createClock(config.CLOCK_OFFSET_FILE);
  const { db, keyring } = await openStorage(config, { readTimeoutMs: READ_MS });
  const access = createAccess({
    db,
    now,
    createId: () => createId(now()),
    keyring,
    baseUrl: publicUrl(config),
    environmentKeys: {},
    onError: (error) => tell({ kind: "trouble", projection: "", error: describeError(error) }),
  });
  await access.start();
  const erasedRefs = createErasedRefs(db, access.refsOf);
  const follower = createFollower(await createProjections(db.engine, access.refsOf, erasedRefs), {
    db,
    owner,
    now,
    monotonicNow: () => performance.now(),
    isBusy: () => isBusy,
    onTrouble(projection, error) {
      tell({ kind: "trouble", projection, error: describeError(error) });
    },
  });
  await follower.start();
  return {
    wake: follower.wake,
    async stop() {
      await follower.stop();
      access.stop();
      await db.close();
    },
  };
}

async function createProjections(
  engine: Engine,
  refsOf: Access["refsOf"],
  erasedRefs?: ErasedRefs,
): Promise<Projection[]> {
  const appendChanges = createAppendChanges(engine);
  return [
    createCampaignsProjection(engine),
    createQualityProjection(engine),
    createTransactionsProjection(engine),
    createTrafficProjection({ signals: await loadSignals(), appendChanges }),
    createJourneyProjection({
      engine,
      refsOf,
      appendChanges,
      ...(erasedRefs === undefined ? {} : { erasedRefs }),
    }),
  ];
}

function noRefs(): never {
  throw new Error("No reference is known while the tables are made.");
}
