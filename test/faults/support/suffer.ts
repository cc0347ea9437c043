import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { type RunningService, startService, waitUntilSettled } from "../../support/service.ts";
import { click, type Mailing, readJourneyClicks, sendMailing, sorted } from "./mailing.ts";

/** A fault to inject into a running service. */
export interface Fault {
  /** Settings of the service. */
  readonly env?: NodeJS.ProcessEnv;
  /** A fresh folder unless given. */
  readonly dataDir?: string;
  /** Causes the fault; what it returns ends it again. */
  inject(service: RunningService): Promise<() => unknown> | (() => unknown);
  /** What else must hold while the fault lasts, after the clicks. */
  meanwhile?(service: RunningService): Promise<void>;
}

const CLICKS = 2000;

/** After it the write-ahead log has been moved into the file: a fault of the file is met, not hidden. */
const QUIET_MS = 600;

/**
 * Longest time that nearly every reader may wait beyond an undisturbed run, in milliseconds. The slowest
 * disk costs a reader 50 ms, a busy machine the rest; a database in the way would cost seconds.
 */
const MOST_WAIT_MS = 250;

/**
 * The promise: during the fault every click is answered with its destination, and quickly; after it each
 * answered click is in the recipient's journey exactly once.
 */
export async function suffer(fault: Fault): Promise<void> {
  const service = await startService({
    env: { LOG_LEVEL: "info", ...fault.env },
    ...(fault.dataDir === undefined ? {} : { dataDir: fault.dataDir }),
  });
  let lift: () => unknown = () => {};
  try {
    const mailing = await sendMailing(service);
    await click(service, mailing, 200);
    const before = await click(service, mailing, 500);
    await waitUntilSettled(service, 60_000);
    await sleep(QUIET_MS);
    lift = await fault.inject(service);
    await clickDuring(service, mailing, before.p99);
    await fault.meanwhile?.(service);
    await lift();
    lift = () => {};
    await expectEachOnce(service, mailing);
    expect(await service.end("SIGTERM")).toBe(0);
  } catch (error) {
    console.error(service.output().slice(-4000));
    throw error;
  } finally {
    await lift();
    await service.end("SIGKILL");
    await rm(service.dataDir, { recursive: true, force: true });
  }
}

/** Two thousand clicks, each to the right place and without a wait that a reader would notice. */
export async function clickDuring(
  service: RunningService,
  mailing: Mailing,
  usualMs: number,
): Promise<void> {
  const run = await click(service, mailing, CLICKS);
  console.info(`p50 ${run.p50} ms, p99 ${run.p99} ms, longest ${run.longest} ms; usual ${usualMs}`);
  expect(run.wrong).toEqual([]);
  expect(run.p99).toBeLessThan(usualMs + MOST_WAIT_MS);
}

/** Every answered click is in its recipient's journey, and none twice. */
export async function expectEachOnce(service: RunningService, mailing: Mailing): Promise<void> {
  await waitUntilSettled(service, 60_000);
  expect(sorted(await readJourneyClicks(service, mailing))).toEqual(sorted(mailing.answered));
}
