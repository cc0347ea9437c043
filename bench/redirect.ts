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
  writePaths,
} from "./processes.ts";
import { makeTrackingPaths } from "./tracking-paths.ts";

const CONNECTIONS = 256;
const ROUNDS = 5;
const ROUND_S = 2;
/** Until the code of each is compiled; measured is what a service does that has run for a while. */
const WARM_UP_S = 4;
/** Long enough that the import must keep pace: a burst alone could hide in the journal. */
const SUSTAINED_S = 20;
const TOKENS = 40_000;
const API_KEY = "bench-api-key-0123456789";

interface Measured extends LoadResult {
  readonly perSecond: number;
  readonly cpuUs: number;
}

/**
 * A durable redirect against a bare `node:http` 302 and a bare Express 302, in one run: interleaved
 * rounds, the server pinned to one core (its worker threads too) and the load to the other.
 */
export async function benchRedirect(): Promise<BenchFigure[]> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "clicktrail-bench-data-"));
  const bare = await startPlainServer("bare", 4101);
  const express = await startPlainServer("express", 4102);
  const ours = await startService(
    { DATA_DIR: dataDir, API_KEY, LOG_LEVEL: "warn", DATABASE_URL: "" },
    4103,
  );
  try {
    const pathsFile = await writePaths(await makeTrackingPaths(ours.port, API_KEY, TOKENS));
    return await measureAll({ bare, express, ours, pathsFile });
  } finally {
    await Promise.all([bare, express, ours].map((server) => server.stop()));
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Setup {
  readonly bare: BenchServer;
  readonly express: BenchServer;
  readonly ours: BenchServer;
  readonly pathsFile: string;
}

async function measureAll({ bare, express, ours, pathsFile }: Setup): Promise<BenchFigure[]> {
  for (const server of [bare, express, ours]) await measure(server, pathsFile, WARM_UP_S);
  await waitUntilImported(ours.port);
  const bursts: Record<"bare" | "express" | "ours", Measured[]> = {
    bare: [],
    express: [],
    ours: [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    bursts.bare.push(await measure(bare, pathsFile, ROUND_S));
    bursts.express.push(await measure(express, pathsFile, ROUND_S));
    bursts.ours.push(await measure(ours, pathsFile, ROUND_S));
    await waitUntilImported(ours.port);
  }
  const before = await measure(bare, pathsFile, ROUND_S);
  const sustained = await measure(ours, pathsFile, SUSTAINED_S);
  const waiting = await unimportedBytes(ours.port);
  const after = await measure(bare, pathsFile, ROUND_S);
  const ceiling = (before.perSecond + after.perSecond) / 2;

  const toBare = ratios(bursts.ours, bursts.bare);
  const toExpress = ratios(bursts.ours, bursts.express);
  const sustainedRatio = sustained.perSecond / ceiling;
  const sustainedToExpress = sustained.perSecond / median(bursts.express.map((m) => m.perSecond));
  return [
    ...plain("bare node:http 302", bursts.bare),
    ...plain("bare Express 302", bursts.express),
    ...plain("durable redirect, burst", bursts.ours),
    ...plain("durable redirect, sustained", [sustained]),
    figure("burst of bare node:http", describeSpread(toBare), ">= 0.45", median(toBare) >= 0.45),
    figure(
      "burst of bare Express",
      `${describeSpread(toExpress)} x`,
      ">= 4 x",
      median(toExpress) >= 4,
    ),
    figure(
      "sustained of bare node:http",
      sustainedRatio.toFixed(2),
      ">= 0.45",
      sustainedRatio >= 0.45,
    ),
    figure(
      "sustained of bare Express",
      `${sustainedToExpress.toFixed(2)} x`,
      ">= 4 x",
      sustainedToExpress >= 4,
    ),
    figure(
      "journal left behind by the sustained run",
      `${(waiting / 1e6).toFixed(0)} MB of ${((sustained.requests * 750) / 1e6).toFixed(0)} MB`,
      "",
      true,
    ),
  ];
}

async function measure(server: BenchServer, pathsFile: string, seconds: number): Promise<Measured> {
  const cpuBefore = server.cpuMs();
  const result = await runLoad({
    port: server.port,
    requests: { pathsFile },
    connections: CONNECTIONS,
    seconds,
    status: 302,
  });
  const cpuUs = ((server.cpuMs() - cpuBefore) * 1000) / result.requests;
  return { ...result, perSecond: result.requests / result.seconds, cpuUs };
}

function ratios(ours: readonly Measured[], theirs: readonly Measured[]): number[] {
  return ours.map(
    (measured, round) => measured.perSecond / (theirs[round]?.perSecond ?? Number.NaN),
  );
}

function plain(name: string, measured: readonly Measured[]): BenchFigure[] {
  const perSecond = describeSpread(
    measured.map((m) => m.perSecond),
    0,
  );
  const cpu = median(measured.map((m) => m.cpuUs)).toFixed(1);
  const p99 = median(measured.map((m) => m.p99Ms)).toFixed(1);
  return [figure(name, `${perSecond} req/s, ${cpu} us CPU, p99 ${p99} ms`, "", true)];
}

function figure(name: string, value: string, goal: string, met: boolean): BenchFigure {
  return { name, value, goal, met };
}
