import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type BenchFigure, describeSpread, median } from "./figure.ts";
import { fillLog } from "./fill-log.ts";
import type { LoadResult } from "./load.ts";
import {
  type BenchServer,
  collectSettings,
  runLoad,
  startPlainServer,
  startService,
  unimportedBytes,
  WRITE_KEY,
  waitUntilImported,
  waitUntilSettled,
} from "./processes.ts";

const ROUNDS = 5;
const ROUND_S = 2;
/**
 * Both sides compile their code while they warm up, and what a request does once is compiled by the count of
 * requests: 3,000 of them left the service compiling in every round that followed. Of single events it takes a
 * few seconds, of batches a minute.
 */
const WARM_UP_S = 6;
const WARM_UP: Shape = { batch: 1, connections: 64 };
/** Long enough that the import must keep pace: a burst alone could hide in the journal. */
const SUSTAINED_S = 20;
/** Events of a request, and connections: a beacon each, a server's flush, an import. */
const SHAPES = [
  { batch: 1, connections: 256 },
  { batch: 20, connections: 64 },
  { batch: 100, connections: 16 },
] as const satisfies readonly Shape[];
const BURST_GOAL = 0.6;
const SUSTAINED_GOAL = 0.45;
/** One size of batch alone: `BENCH_BATCH=100`. */
const BATCH = process.env["BENCH_BATCH"];
/** Rows that the log holds before anything is measured: `BENCH_ROWS=10000000`. */
const ROWS = Number(process.env["BENCH_ROWS"] ?? 0);
const FILL_AT_MOST_S = 600;
/**
 * Longest wait for the projections between two rounds, in which the core is theirs: a burst makes 80,000 events in
 * two seconds, and what is left of them would slow down the server that only parses.
 */
const SETTLE_S = 120;

interface Shape {
  readonly batch: number;
  readonly connections: number;
}

interface Measured extends LoadResult {
  readonly eventsPerSecond: number;
  /** CPU time of an event, in microseconds: of all threads, and of the one that answers. */
  readonly cpuUs: number;
  readonly answeringUs: number;
}

/**
 * Events that are acknowledged, and so on disk, against the service's own server that only reads and parses the same
 * requests: interleaved rounds in one run, the server pinned to one core (its worker threads too) and the load to
 * the other. The goals are of events a second; the CPU time of the answering thread beside them tells, on a busy
 * machine, how much of a miss is the machine's.
 */
export async function* benchCollect(): AsyncGenerator<BenchFigure> {
  const shapes = wantedShapes();
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "clicktrail-bench-data-"));
  const env = collectSettings(dataDir);
  const start = () => startService(env, 4261);
  const servers: BenchServer[] = [];
  try {
    if (ROWS > 0) {
      await (await start()).stop();
      const filled = fillLog(path.join(dataDir, "clicktrail.db"), ROWS, FILL_AT_MOST_S);
      yield plain("rows in the log before", filled.rows.toLocaleString("en"));
    }
    const parsing = await startPlainServer("parse", 4260);
    servers.push(parsing);
    const ours = await start();
    servers.push(ours);
    for (const shape of shapes) yield* measureShape(shape, parsing, ours);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(dataDir, { recursive: true, force: true });
  }
}

function wantedShapes(): readonly Shape[] {
  const wanted = SHAPES.filter(({ batch }) => BATCH === undefined || String(batch) === BATCH);
  if (wanted.length > 0) return wanted;
  const sizes = SHAPES.map(({ batch }) => batch).join(", ");
  throw new Error(`BENCH_BATCH is one of ${sizes}; it was "${BATCH}".`);
}

async function* measureShape(
  shape: Shape,
  parsing: BenchServer,
  ours: BenchServer,
): AsyncGenerator<BenchFigure> {
  const name = `batches of ${shape.batch}`;
  for (const server of [parsing, ours]) {
    await measure(server, WARM_UP, WARM_UP_S);
    await measure(server, shape, WARM_UP_S);
  }
  await waitUntilSettled(ours.port, SETTLE_S);
  const ceilings: Measured[] = [];
  const bursts: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ceilings.push(await measure(parsing, shape, ROUND_S));
    bursts.push(await measure(ours, shape, ROUND_S));
    await waitUntilSettled(ours.port, SETTLE_S);
  }
  const byRate = ratios(ceilings, bursts, ({ eventsPerSecond }) => eventsPerSecond);
  const byCpu = ratios(bursts, ceilings, ({ answeringUs }) => answeringUs);
  yield plain(`${name}, parsing only`, describe(ceilings));
  yield plain(`${name}, durable, burst`, describe(bursts));
  yield {
    name: `${name}: burst of parsing only`,
    value: `${describeSpread(byRate)}; by CPU ${describeSpread(byCpu)}`,
    goal: `>= ${BURST_GOAL}`,
    met: median(byRate) >= BURST_GOAL,
  };

  // Where the import cannot follow, the journal fills up, and what is more is refused: only what was kept counts.
  const sustained = await measure(ours, shape, SUSTAINED_S, 429);
  const left = await unimportedBytes(ours.port);
  const after = await measure(parsing, shape, ROUND_S);
  await waitUntilImported(ours.port);
  const ratio = (value: (measured: Measured) => number) =>
    value(sustained) / median([...ceilings, after].map(value));
  const rate = ratio(({ eventsPerSecond }) => eventsPerSecond);
  const cpu = 1 / ratio(({ answeringUs }) => answeringUs);
  yield plain(`${name}, durable, sustained`, describe([sustained]));
  yield {
    name: `${name}: sustained of parsing only`,
    value: `${rate.toFixed(2)}; by CPU ${cpu.toFixed(2)}; ${(left / 1e6).toFixed(0)} MB left to import, ${sustained.refused} requests refused beside ${sustained.requests}`,
    goal: `>= ${SUSTAINED_GOAL}`,
    met: rate >= SUSTAINED_GOAL,
  };
}

/** @param refusal a status that is right as well, and no answer that counts */
async function measure(
  server: BenchServer,
  shape: Shape,
  seconds: number,
  refusal?: number,
): Promise<Measured> {
  const [cpuMs, answeringMs] = [server.cpuMs(), server.answeringCpuMs()];
  const result = await runLoad({
    port: server.port,
    requests: { batch: shape.batch, writeKey: WRITE_KEY },
    connections: shape.connections,
    seconds,
    status: 200,
    ...(refusal === undefined ? {} : { refusal }),
  });
  const events = result.requests * shape.batch;
  return {
    ...result,
    eventsPerSecond: events / result.seconds,
    cpuUs: ((server.cpuMs() - cpuMs) * 1000) / events,
    answeringUs: ((server.answeringCpuMs() - answeringMs) * 1000) / events,
  };
}

/** Of each round, the second's value by the first's. */
function ratios(
  first: readonly Measured[],
  second: readonly Measured[],
  value: (measured: Measured) => number,
): number[] {
  return first.map((measured, round) => {
    const other = second[round];
    return other ? value(other) / value(measured) : Number.NaN;
  });
}

function describe(measured: readonly Measured[]): string {
  const of = (value: (m: Measured) => number) => median(measured.map(value)).toFixed(1);
  const rate = describeSpread(
    measured.map((m) => m.eventsPerSecond),
    0,
  );
  return `${rate} events/s, ${of((m) => m.answeringUs)} us CPU to answer, ${of((m) => m.cpuUs)} in all, p99 ${of((m) => m.p99Ms)} ms`;
}

function plain(name: string, value: string): BenchFigure {
  return { name, value, goal: "", met: true };
}
