import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import Database from "better-sqlite3";
import type { BenchFigure } from "./figure.ts";
import { watchMemory } from "./memory.ts";
import {
  collectSettings,
  runLoad,
  startService,
  unimportedBytes,
  WRITE_KEY,
  waitUntilImported,
} from "./processes.ts";

const PORT = 4262;
const BATCH = 100;
const CONNECTIONS = 16;
const LIMIT_MB = 20;
const FLOOD_S = Number(process.env["BENCH_SECONDS"] ?? 120);
/** By then memory has found its level. */
const WARM_UP_S = Math.max(60, FLOOD_S * 0.2);
/** One write more for each connection, and what waits in memory. */
const SLACK_MB = 5;
const GROWTH_MB = 20;

/**
 * A sender that is faster than the import: past the journal's limit it is told to come back (429), nothing that was
 * acknowledged is lost, and memory does not grow.
 */
export async function benchBackPressure(): Promise<BenchFigure[]> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "clicktrail-bench-data-"));
  const limited = {
    ...collectSettings(dataDir),
    JOURNAL_LIMIT: `${LIMIT_MB}mb`,
    JOURNAL_SEGMENT: "4mb",
  };
  const server = await startService(limited, PORT);
  try {
    const warmUp = await flood(WARM_UP_S);
    let mostUnimported = 0;
    const watch = setInterval(async () => {
      mostUnimported = Math.max(mostUnimported, await unimportedBytes(PORT).catch(() => 0));
    }, 200);
    const { result: flooded, figure: memory } = await watchMemory(
      server,
      `${FLOOD_S} s of it`,
      GROWTH_MB,
      () => flood(FLOOD_S),
    );
    clearInterval(watch);
    await waitUntilImported(PORT);
    const acknowledged = (warmUp.requests + flooded.requests) * BATCH;
    const stored = countEvents(path.join(dataDir, "clicktrail.db"));
    return [
      {
        name: `flood past a journal of ${LIMIT_MB} MB`,
        value: `${flooded.requests} batches taken, ${flooded.refused} told to come back, at most ${(mostUnimported / 1e6).toFixed(1)} MB waiting`,
        goal: `<= ${LIMIT_MB + SLACK_MB} MB`,
        met: flooded.refused > 0 && mostUnimported <= (LIMIT_MB + SLACK_MB) * 1e6,
      },
      {
        name: "events of it in the log",
        value: `${stored.toLocaleString("en")} of ${acknowledged.toLocaleString("en")} acknowledged`,
        goal: "all of them, once",
        met: stored === acknowledged,
      },
      memory,
    ];
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function flood(seconds: number) {
  return runLoad({
    port: PORT,
    requests: { batch: BATCH, writeKey: WRITE_KEY },
    connections: CONNECTIONS,
    seconds,
    status: 200,
    refusal: 429,
  });
}

/** Answers that the load generator did not wait for at its end are stored as well. */
function countEvents(file: string): number {
  const db = new Database(file, { readonly: true });
  try {
    const row = db.prepare("SELECT COUNT(*) AS events FROM events").get();
    return Number(Object(row).events);
  } finally {
    db.close();
  }
}
