import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Engine } from "../../src/db/db.ts";
import setup from "./global-setup.ts";
import { runIdentityCases } from "./identity-cases.ts";
import { runQualityCases } from "./quality-cases.ts";
import { runRewriteCases } from "./rewrite-cases.ts";
import { runSessionCases } from "./session-cases.ts";
import { runTrafficCases } from "./traffic-cases.ts";

/** `npm run cases -- KIND FILE [--engine sqlite|postgres] [--shuffles N]`. */
interface RunOptions {
  readonly engine?: Engine;
  readonly shuffles?: number;
}

interface Failure {
  readonly id: string;
  readonly expected: unknown;
  readonly found: unknown;
}

interface Report {
  readonly passed: number;
  readonly failed: readonly Failure[];
  readonly debatable?: readonly Failure[];
}

const RUNNERS: Record<string, (file: string, options: RunOptions) => Promise<Report>> = {
  rewrite: (file) => runRewriteCases(file),
  traffic: runTrafficCases,
  identity: runIdentityCases,
  session: runSessionCases,
  quality: (file) => runQualityCases(file),
};

const STORED_SHUFFLES = 5;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { engine: { type: "string" }, shuffles: { type: "string" } },
});
const [kind = "", file = ""] = positionals;
const run = RUNNERS[kind];
if (!run || !existsSync(file)) usage();
const teardown = values.engine === undefined ? undefined : await setup();
const report = await run(file, readOptions());
await teardown?.();
print(report);
process.exit(report.failed.length > 0 ? 1 : 0);

function readOptions(): RunOptions {
  const { engine } = values;
  if (engine !== undefined && engine !== "sqlite" && engine !== "postgres") usage();
  const shuffles = values.shuffles ?? (engine === undefined ? undefined : String(STORED_SHUFFLES));
  return {
    ...(engine === undefined ? {} : { engine }),
    ...(shuffles === undefined ? {} : { shuffles: Number(shuffles) }),
  };
}

function print({ passed, failed, debatable = [] }: Report): void {
  for (const failure of debatable) describe("debatable, not counted", failure);
  for (const failure of failed) describe("FAILED", failure);
  console.log(`${passed} passed, ${failed.length} failed`);
}

function describe(verdict: string, { id, expected, found }: Failure): void {
  console.log(`${verdict} ${id}`);
  console.log(`  expected ${JSON.stringify(expected)}`);
  console.log(`  found    ${JSON.stringify(found)}`);
}

function usage(): never {
  console.error(
    `Usage: npm run cases -- ${Object.keys(RUNNERS).join("|")} FILE [--engine sqlite|postgres] [--shuffles N]`,
  );
  process.exit(2);
}
