import { afterEach, expect, it, vi } from "vitest";
import { createSnapshot } from "../../src/lib/snapshot.ts";

afterEach(() => vi.useRealTimers());

/** A loader whose answers the test gives. */
function createLoader() {
  const waiting: { resolve(value: number): void; reject(error: Error): void }[] = [];
  const load = () =>
    new Promise<number>((resolve, reject) => {
      waiting.push({ resolve, reject });
    });
  return { load, waiting };
}

it("tells of a failed load while it runs, and of none that a stop overtook", async () => {
  vi.useFakeTimers();
  const { load, waiting } = createLoader();
  const errors: unknown[] = [];
  const snapshot = createSnapshot(0, load, (error) => errors.push(error));
  const started = snapshot.start();
  waiting[0]?.resolve(1);
  await started;
  await vi.advanceTimersByTimeAsync(600);
  const away = new Error("away");
  waiting[1]?.reject(away);
  await vi.advanceTimersByTimeAsync(600);
  expect(errors).toEqual([away]);
  snapshot.stop();
  waiting[2]?.reject(new Error("The database is closed."));
  await vi.advanceTimersByTimeAsync(600);
  expect(errors).toEqual([away]);
  expect(snapshot.current()).toBe(1);
});

it("asks no more when it is stopped before the first answer", async () => {
  vi.useFakeTimers();
  const { load, waiting } = createLoader();
  const snapshot = createSnapshot(0, load, () => undefined);
  const started = snapshot.start();
  snapshot.stop();
  waiting[0]?.resolve(1);
  await started;
  await vi.advanceTimersByTimeAsync(2000);
  expect(waiting).toHaveLength(1);
});
