import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const MODULE = fileURLToPath(new URL("../../dist/lib/thread-memory.js", import.meta.url));

/** Keeps the last 40 MB of objects alive, so that the young generation grows as far as it may. */
const BUSY_THREAD = `
  const { getHeapSpaceStatistics } = require("node:v8");
  const kept = [];
  let most = 0;
  for (let i = 0; i < 2000; i++) {
    kept[i % 400] = Array.from({ length: 2000 }, (_, n) => ({ n }));
    const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
    most = Math.max(most, young.space_size);
  }
  require("node:worker_threads").parentPort.postMessage(most / 1e6);`;

it("keeps the young objects of a busy thread within 9 MB, whatever the process was given", async () => {
  const program = `
    import(${JSON.stringify(MODULE)}).then(({ keepThreadsSmall }) => {
      keepThreadsSmall();
      const { Worker } = require("node:worker_threads");
      const worker = new Worker(${JSON.stringify(BUSY_THREAD)}, { eval: true });
      worker.on("message", (mb) => console.log(mb));
    });`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--max-semi-space-size=32",
    "--eval",
    program,
  ]);
  expect(Number(stdout)).toBeGreaterThan(4);
  expect(Number(stdout)).toBeLessThan(9);
});
