import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapAtOnce } from "../../src/lib/map-at-once.ts";

describe("mapAtOnce", () => {
  it("gives the results in order, whatever ends first, and never begins more than allowed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat()),
        fc.integer({ min: 1, max: 6 }),
        fc.scheduler(),
        async (items, limit, scheduler) => {
          let running = 0;
          let most = 0;
          const mapped = mapAtOnce(items, limit, async (item) => {
            running += 1;
            most = Math.max(most, running);
            await scheduler.schedule(Promise.resolve());
            running -= 1;
            return item + 1;
          });
          await scheduler.waitFor(mapped);
          expect(await mapped).toEqual(items.map((item) => item + 1));
          expect(most).toBe(Math.min(limit, items.length));
        },
      ),
    );
  });

  it("tells of a failure, and begins nothing after it", async () => {
    const begun: number[] = [];
    const failing = mapAtOnce([1, 2, 3, 4, 5], 2, async (item) => {
      begun.push(item);
      if (item === 2) throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(begun).toEqual([1, 2]);
  });
});
