import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { median } from "./figure.ts";
import { startServer } from "./processes.ts";

/** Funnels that were read one after the other, on the core of the service. */
export interface RunningFunnel {
  stop(): Promise<{ readonly runs: number; readonly medianMs: number }>;
}

/** Begins to read a funnel of three steps over a whole log, again and again, in a process of its own. */
export async function startFunnel(database: string): Promise<RunningFunnel> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "clicktrail-bench-"));
  const results = path.join(folder, "results");
  const args = ["--import", "tsx", "bench/servers/funnel.ts"];
  const env = { BENCH_DATABASE: database, BENCH_RESULTS: results };
  const server = await startServer(args, env, "reading", 0);
  return {
    async stop() {
      await server.stop();
      const text = await readFile(results, "utf8").catch(() => "");
      await rm(folder, { recursive: true, force: true });
      const ms = text.split("\n").filter(Boolean).map(Number);
      return { runs: ms.length, medianMs: ms.length === 0 ? Number.NaN : median(ms) };
    },
  };
}
