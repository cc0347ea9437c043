import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { callApi, createDataDir, type RunningService } from "../support/service.ts";
import { canInject, journalFiles, mountSmallDisk, probes, tamper } from "./support/injections.ts";
import { suffer } from "./support/suffer.ts";

const DAY_MS = 86_400_000;
/** Large, so that the last free page does not take it. */
const PROBE = { event: "probe", userId: "nobody", properties: { text: "x".repeat(20_000) } };

describe("redirects while the disk or the clock suffers", () => {
  it.runIf(canInject("A full disk", probes.smallDisk))(
    "gives up its reserve on a full disk, and keeps its promise when that is used up as well",
    async () => {
      const disk = await mountSmallDisk(64);
      await suffer({
        dataDir: path.join(disk.folder, "data"),
        async inject(service) {
          await disk.fill();
          await expect
            .poll(async () => {
              await callApi(service, "POST", "/v1/track", PROBE).catch(() => undefined);
              return service.output();
            })
            .toContain("reserve of 8 MB was given up");
          await disk.fill();
          return disk.free;
        },
        async meanwhile(service) {
          expect(await readHits(service, "memory")).toBeGreaterThan(0);
          expect(await readHits(service, "dropped")).toBe(0);
          expect(service.output()).toContain("The journal cannot be written");
          expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
          await expect(callApi(service, "POST", "/v1/track", PROBE)).rejects.toThrow(
            "storage_unavailable",
          );
        },
      }).finally(disk.remove);
    },
  );

  const hasStrace = canInject("A failing or slow disk", probes.strace);

  it.runIf(hasStrace)("keeps its promise while the journal cannot be written", () =>
    suffer({
      async inject(service) {
        return tamper(service, await journalFiles(service), ["write:error=EIO", "fsync:error=EIO"]);
      },
      async meanwhile(service) {
        expect(await readHits(service, "memory")).toBeGreaterThan(0);
        expect(await readHits(service, "dropped")).toBe(0);
      },
    }),
  );

  it.runIf(hasStrace)("lets nobody wait longer than 50 ms or so for a slow disk", () =>
    suffer({
      async inject(service) {
        return tamper(service, await journalFiles(service), ["write:delay_enter=200000"]);
      },
      async meanwhile(service) {
        expect(await readHits(service, "late")).toBeGreaterThan(0);
      },
    }),
  );

  it.each([
    ["a day back", -DAY_MS],
    ["two days ahead", 2 * DAY_MS],
  ])("keeps its promise when the clock jumps %s and returns", async (_jump, offset) => {
    const folder = await createDataDir();
    const clock = path.join(folder, "offset");
    await suffer({
      env: { CLOCK_OFFSET_FILE: clock },
      async inject() {
        await writeFile(clock, String(offset));
        return () => rm(clock);
      },
    });
    await rm(folder, { recursive: true });
  });
});

/** Clicks that were kept in one way, by the service's own count. */
async function readHits({ url }: RunningService, kept: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = new RegExp(`clicktrail_hits_total{kind="click",kept="${kept}"} (\\d+)`).exec(text);
  return Number(line?.[1]);
}
