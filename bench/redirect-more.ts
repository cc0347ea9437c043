import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type BenchFigure, describeSpread, median } from "./figure.ts";
import { fillLog } from "./fill-log.ts";
import { startFunnel } from "./funnel.ts";
import type { LoadResult } from "./load.ts";
import { watchMemory } from "./memory.ts";
import {
  type BenchServer,
  runLoad,
  startPlainServer,
  startServer,
  startService,
  waitUntilImported,
  writePaths,
} from "./processes.ts";
import { makeTrackingPaths } from "./tracking-paths.ts";

const [BARE_PORT, UNLOGGED_PORT, OURS_PORT] = [4370, 4371, 4372];
const API_KEY = "bench-api-key-0123456789";
const SECRET = "bench-secret-0123456789";
const CONNECTIONS = 256;
/** Connections made anew: each is a round of the kernel's own work. */
const FRESH_CONNECTIONS = 64;
const ROUNDS = 5;
const ROUND_S = 2;
const P99_GOAL = 2;
/** Seconds at full rate with all tokens, in which memory must not grow: `BENCH_SECONDS=600`. */
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 60);
/** Rows of the log that the funnel reads: `BENCH_ROWS=10000000`. */
const ROWS = Number(process.env["BENCH_ROWS"] ?? 1_000_000);
const FILL_AT_MOST_S = 600;
const TOKENS = 1_000_000;
const FEW_TOKENS = 40_000;
/** After this share of the time memory has found its level. */
const WARM_UP = 0.2;
const GROWTH_MB = 20;

interface Measured extends LoadResult {
  readonly perSecond: number;
  readonly cpuUs: number;
}

interface Setup {
  readonly bare: BenchServer;
  readonly unlogged: BenchServer;
  readonly ours: BenchServer;
  readonly database: string;
}

/**
 * More of the durable redirect: against itself without logging, with a new connection for each click, while a funnel
 * reads a large log, and its memory over a million tokens.
 */
export async function benchRedirectMore(): Promise<BenchFigure[]> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "clicktrail-bench-data-"));
  const otherDir = await mkdtemp(path.join(os.tmpdir(), "clicktrail-bench-data-"));
  const env = { DATA_DIR: dataDir, API_KEY, SECRET, LOG_LEVEL: "warn", DATABASE_URL: "" };
  const start = () => startService(env, OURS_PORT);
  await (await start()).stop();
  const database = path.join(dataDir, "clicktrail.db");
  const filled = fillLog(database, ROWS, FILL_AT_MOST_S);
  const bare = await startPlainServer("bare", BARE_PORT);
  const unlogged = await startServer(
    ["--import", "tsx", "bench/servers/unlogged.ts"],
    { ...env, DATA_DIR: otherDir },
    "listening",
    UNLOGGED_PORT,
  );
  const ours = await start();
  try {
    const setup = { bare, unlogged, ours, database };
    const paths = await makeTrackingPaths(ours.port, API_KEY, TOKENS);
    const few = await writePaths(paths.slice(0, FEW_TOKENS));
    return [
      ...(await measureLogging(setup, few)),
      ...(await measureFresh(setup, few)),
      ...(await measureBesideFunnel(setup, few, filled.rows)),
      ...(await measureMemory(setup, await writePaths(paths))),
    ];
  } finally {
    await Promise.all([bare, unlogged, ours].map((server) => server.stop()));
    await rm(dataDir, { recursive: true, force: true });
    await rm(otherDir, { recursive: true, force: true });
  }
}

async function measureLogging({ unlogged, ours }: Setup, pathsFile: string) {
  for (const server of [unlogged, ours]) await measure(server, pathsFile, 1);
  const before = await readJournal(ours.port);
  const [plain, logged] = await alternate(unlogged, ours, pathsFile);
  const after = await readJournal(ours.port);
  const rates = pair(plain, logged, (a, b) => b.perSecond / a.perSecond);
  const cpu = pair(plain, logged, (a, b) => a.cpuUs / b.cpuUs);
  const p99 = pair(plain, logged, (a, b) => b.p99Ms / a.p99Ms);
  const perWrite = (after.records - before.records) / (after.writes - before.writes);
  return [
    figure("the same without logging", describe(plain)),
    figure("durable", describe(logged)),
    figure("durable of unlogged", `${describeSpread(rates)}; by CPU ${describeSpread(cpu)}`),
    {
      ...figure("p99 of durable by p99 of unlogged", describeSpread(p99)),
      goal: `<= ${P99_GOAL}`,
      met: median(p99) <= P99_GOAL,
    },
    figure("hits per disk write", perWrite.toFixed(0)),
  ];
}

async function measureFresh({ bare, ours }: Setup, pathsFile: string): Promise<BenchFigure[]> {
  for (const server of [bare, ours]) await measure(server, pathsFile, 1, true);
  const [plain, logged] = await alternate(bare, ours, pathsFile, true);
  const rates = pair(plain, logged, (a, b) => b.perSecond / a.perSecond);
  const cpu = pair(plain, logged, (a, b) => a.cpuUs / b.cpuUs);
  return [
    figure("bare node:http, new connections", describe(plain)),
    figure("durable, new connections", describe(logged)),
    figure("of bare, new connections", `${describeSpread(rates)}; by CPU ${describeSpread(cpu)}`),
  ];
}

async function measureBesideFunnel({ ours, database }: Setup, pathsFile: string, rows: number) {
  const alone = await measure(ours, pathsFile, ROUND_S * ROUNDS);
  const funnel = await startFunnel(database);
  const beside = await measure(ours, pathsFile, ROUND_S * ROUNDS);
  const { runs, medianMs } = await funnel.stop();
  await waitUntilImported(ours.port);
  return [
    figure("durable, projections at work", describe([alone])),
    figure(
      `the same beside a funnel over ${rows.toLocaleString("en")} rows`,
      `${describe([beside])}; ${runs} funnels, median ${medianMs.toFixed(0)} ms`,
    ),
  ];
}

async function measureMemory({ ours }: Setup, pathsFile: string): Promise<BenchFigure[]> {
  const warm = await measure(ours, pathsFile, SECONDS * WARM_UP);
  const seconds = SECONDS * (1 - WARM_UP);
  const { result, figure: memory } = await watchMemory(
    ours,
    `${seconds.toFixed(0)} s, ${TOKENS.toLocaleString("en")} tokens`,
    GROWTH_MB,
    () => measure(ours, pathsFile, seconds),
  );
  const clicks = warm.requests + result.requests;
  return [{ ...memory, value: `${memory.value}; ${clicks.toLocaleString("en")} clicks` }];
}

/** Rounds of one server and the other in turn; the second's journal is empty at the start of each. */
async function alternate(
  first: BenchServer,
  second: BenchServer,
  pathsFile: string,
  fresh = false,
): Promise<[Measured[], Measured[]]> {
  const measured: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    measured[0].push(await measure(first, pathsFile, ROUND_S, fresh));
    measured[1].push(await measure(second, pathsFile, ROUND_S, fresh));
    await waitUntilImported(second.port);
  }
  return measured;
}

async function measure(
  server: BenchServer,
  pathsFile: string,
  seconds: number,
  fresh = false,
): Promise<Measured> {
  const cpuBefore = server.answeringCpuMs();
  const result = await runLoad({
    port: server.port,
    requests: { pathsFile },
    connections: fresh ? FRESH_CONNECTIONS : CONNECTIONS,
    seconds,
    status: 302,
    fresh,
  });
  const cpuUs = ((server.answeringCpuMs() - cpuBefore) * 1000) / result.requests;
  return { ...result, perSecond: result.requests / result.seconds, cpuUs };
}

function pair(
  first: readonly Measured[],
  second: readonly Measured[],
  ratio: (first: Measured, second: Measured) => number,
): number[] {
  return first.map((measured, round) => {
    const other = second[round];
    return other ? ratio(measured, other) : Number.NaN;
  });
}

async function readJournal(port: number): Promise<{ writes: number; records: number }> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const read = (name: string) =>
    Number(new RegExp(`^clicktrail_journal_${name} (\\d+)`, "m").exec(text)?.[1]);
  return { writes: read("writes"), records: read("records") };
}

function describe(measured: readonly Measured[]): string {
  const rate = describeSpread(
    measured.map((m) => m.perSecond),
    0,
  );
  const of = (value: (m: Measured) => number) => median(measured.map(value)).toFixed(1);
  return `${rate} req/s, ${of((m) => m.cpuUs)} us CPU to answer, p99 ${of((m) => m.p99Ms)} ms`;
}

function figure(name: string, value: string): BenchFigure {
  return { name, value, goal: "", met: true };
}
