import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type BenchFigure, describeSpread, median } from "./figure.ts";
import type { LoadResult } from "./load.ts";
import {
  type BenchServer,
  runLoad,
  startPlainServer,
  startService,
  unimportedBytes,
  waitUntilImported,
} from "./processes.ts";

const WRITE_KEY = "bench-write-key-0123456789";
const ROUNDS = 5;
const ROUND_S = 2;
/** Long enough that the import must keep pace: a burst alone could hide in the journal. */
const SUSTAINED_S = 20;
/** Events of a request, and connections: a beacon each, a server's flush, an import. */
const SHAPES = [
  { batch: 1, connections: 256 },
  { batch: 20, connections: 64 },
  { batch: 100, connections: 16 },
] as const;
const BURST_GOAL = 0.6;
const SUSTAINED_GOAL = 0.45;

type Shape = (typeof SHAPES)[number];

interface Measured extends LoadResult {
  readonly eventsPerSecond: number;
  readonly cpuUs: number;
}

/**
 * Events that are acknowledged, and so on disk, against a server that only reads and parses the same requests:
 * interleaved rounds in one run, the server pinned to one core (its worker threads too) and the load to the other.
 */
export async function benchCollect(): Promise<BenchFigure[]> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "clicktrail-bench-data-"));
  const parsing = await startPlainServer("parse", 4260);
  const ours = await startService(
    { DATA_DIR: dataDir, WRITE_KEY, LOG_LEVEL: "warn", DATABASE_URL: "" },
    4261,
  );
  try {
    const figures: BenchFigure[] = [];
    for (const shape of SHAPES) figures.push(...(await measureShape(shape, parsing, ours)));
    return figures;
  } finally {
    await Promise.all([parsing, ours].map((server) => server.stop()));
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function measureShape(
  shape: Shape,
  parsing: BenchServer,
  ours: BenchServer,
): Promise<BenchFigure[]> {
  for (const server of [parsing, ours]) await measure(server, shape, 1);
  await waitUntilImported(ours.port);
  const ceilings: Measured[] = [];
  const bursts: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ceilings.push(await measure(parsing, shape, ROUND_S));
    bursts.push(await measure(ours, shape, ROUND_S));
    await waitUntilImported(ours.port);
  }
  const sustained = await measure(ours, shape, SUSTAINED_S);
  const left = await unimportedBytes(ours.port);
  await waitUntilImported(ours.port);
  const after = await measure(parsing, shape, ROUND_S);
  const ceiling = median([...ceilings, after].map((measured) => measured.eventsPerSecond));

  const toCeiling = bursts.map(
    (burst, round) => burst.eventsPerSecond / (ceilings[round]?.eventsPerSecond ?? Number.NaN),
  );
  const sustainedRatio = sustained.eventsPerSecond / ceiling;
  const name = `batches of ${shape.batch}`;
  return [
    plain(`${name}, parsing only`, ceilings),
    plain(`${name}, durable, burst`, bursts),
    plain(`${name}, durable, sustained`, [sustained]),
    {
      name: `${name}: burst of parsing only`,
      value: describeSpread(toCeiling),
      goal: `>= ${BURST_GOAL}`,
      met: median(toCeiling) >= BURST_GOAL,
    },
    {
      name: `${name}: sustained of parsing only`,
      value: `${sustainedRatio.toFixed(2)}, ${(left / 1e6).toFixed(0)} MB left to import`,
      goal: `>= ${SUSTAINED_GOAL}`,
      met: sustainedRatio >= SUSTAINED_GOAL,
    },
  ];
}

async function measure(server: BenchServer, shape: Shape, seconds: number): Promise<Measured> {
  const cpuBefore = server.cpuMs();
  const result = await runLoad({
    port: server.port,
    requests: { batch: shape.batch, writeKey: WRITE_KEY },
    connections: shape.connections,
    seconds,
    status: 200,
  });
  const events = result.requests * shape.batch;
  return {
    ...result,
    eventsPerSecond: events / result.seconds,
    cpuUs: ((server.cpuMs() - cpuBefore) * 1000) / events,
  };
}

function plain(name: string, measured: readonly Measured[]): BenchFigure {
  const rate = describeSpread(
    measured.map((m) => m.eventsPerSecond),
    0,
  );
  const cpu = median(measured.map((m) => m.cpuUs)).toFixed(1);
  const p99 = median(measured.map((m) => m.p99Ms)).toFixed(1);
  return { name, value: `${rate} events/s, ${cpu} us CPU, p99 ${p99} ms`, goal: "", met: true };
}
