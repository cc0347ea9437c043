import path from "node:path";
import { DEFAULT_WORKSPACE_ID } from "../access/directory.ts";
import { type ImportContext, importRow } from "../collect/import/import-rows.ts";
import { createMapping, type ImportKind, type Mapping } from "../collect/import/mapping.ts";
import { type ImportFormat, type Row, readRows } from "../collect/import/read-rows.ts";
import { createTrackingPlan } from "../collect/tracking-plan.ts";
import { createClock } from "../lib/clock.ts";
import { truncateIp } from "../lib/ip.ts";
import type { EventRow } from "../log/event.ts";
import { createPartitions } from "../log/event-partitions.ts";
import { insertEvents } from "../log/events-store.ts";
import { createCommandPrivacy } from "./command-privacy.ts";
import { type CommandContext, type WorkspaceOption, withContext, workspaceOf } from "./context.ts";
import {
  forgetState,
  type ImportState,
  openInput,
  openRefusedRows,
  type RefusedRows,
  readState,
  stateFileOf,
  writeState,
} from "./import-files.ts";
import { createProblems, createProgress, describeFact, describeMapping } from "./import-report.ts";

interface ImportOptions extends WorkspaceOption {
  readonly map?: readonly string[];
  readonly format?: ImportFormat;
  readonly source?: string;
  readonly refused?: string;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
}

/** Rows of one transaction: small enough that a service beside it hardly waits. */
const SLICE = 500;
const PREVIEW = 5;

/**
 * `clicktrail import events|contacts FILE`: history into the log, beside a running service or without one. A row
 * counts once however often it is imported; one that was killed goes on where it stopped.
 */
export async function importFile(
  kind: ImportKind,
  file: string,
  options: ImportOptions,
): Promise<void> {
  const format = options.format ?? (/\.(nd)?jsonl?$/i.test(file) ? "ndjson" : "csv");
  if (options.dryRun) return dryRun(kind, file, format, options);
  await withContext(async (context) => {
    const { sourceId, map } = settingsOf(options);
    const workspaceId = await workspaceOf(context, options);
    const folder = context.storage.folder.path;
    const settings = [kind, format, sourceId, map, workspaceId];
    const stateFile = await stateFileOf(folder, file, settings);
    const state = await readState(stateFile);
    if (state.rows > 0) console.error(`Goes on after row ${state.rows} of an earlier run.`);
    const refused = await openRefusedRows(refusedFileOf(file, options), state.refusedBytes);
    const keep = await createKeeper(context);
    try {
      const done = await run({
        kind,
        workspaceId,
        file,
        format,
        options,
        context,
        state,
        stateFile,
        refused,
        keep,
      });
      await forgetState(stateFile);
      if (done.refused === 0) return;
      console.error(`Refused rows, with their reasons: ${refused.path}`);
      process.exitCode = 1;
    } finally {
      await refused.close();
      keep.stop();
    }
  });
}

function settingsOf({ source = "import", map = [] }: ImportOptions) {
  return { sourceId: source, map };
}

function refusedFileOf(file: string, { refused }: ImportOptions): string {
  return refused ?? `${file === "-" ? "import" : path.resolve(file)}.refused.ndjson`;
}

interface Keeper {
  /** Puts facts into the log; resolves to how many it did not hold yet, and how many it may not hold. */
  add(facts: readonly EventRow[]): Promise<{ added: number; withheld: number }>;
  readonly findPlanned: ImportContext["findPlanned"];
  stop(): void;
}

/** Erased contacts, refused consent and the tracking plan hold for history too. */
async function createKeeper(context: CommandContext): Promise<Keeper> {
  const { db } = context.storage;
  const privacy = createCommandPrivacy(context);
  await privacy.start();
  await privacy.consents.start();
  const onError = (error: unknown) => console.error("The tracking plan cannot be read:", error);
  const plan = createTrackingPlan({ db, now: context.now, onError });
  await plan.start();
  return {
    findPlanned: plan.find,
    async add(facts) {
      const screened = privacy.guard.screenEvents(facts);
      const withheld = facts.length - screened.length;
      if (screened.length === 0) return { added: 0, withheld };
      const json = JSON.stringify(screened);
      if (db.engine === "postgres") await createPartitions(db, json);
      const [added = 0] = await db.batch([insertEvents(db.engine, json)]);
      return { added, withheld };
    },
    stop() {
      plan.stop();
      privacy.stop();
    },
  };
}

interface Run {
  readonly kind: ImportKind;
  readonly workspaceId: number;
  readonly file: string;
  readonly format: ImportFormat;
  readonly options: ImportOptions;
  readonly context: CommandContext;
  readonly state: ImportState;
  readonly stateFile: string | undefined;
  readonly refused: RefusedRows;
  readonly keep: Keeper;
}

async function run(given: Run): Promise<ImportState> {
  const { file, format, options, stateFile, refused, keep } = given;
  const { input, bytes } = await openInput(file);
  const progress = createProgress(bytes, options.quiet ?? false);
  let readBytes = 0;
  input.on("data", (chunk: Buffer | string) => {
    readBytes += Buffer.byteLength(chunk);
  });
  let { state } = given;
  let skip = state.rows;
  let slice: Judged[] = [];
  const read = createJudge(importingOf(given), settingsOf(options).map);
  const flush = async (): Promise<void> => {
    state = await keepSlice(slice, state, refused, keep);
    slice = [];
    await writeState(stateFile, state);
    progress.note(state, readBytes);
  };
  for await (const row of readRows(input, format)) {
    const judged = read(row);
    if (skip > 0) skip -= 1;
    else if (slice.push(judged) === SLICE) await flush();
  }
  if (slice.length > 0) await flush();
  progress.end(state);
  return state;
}

function importingOf(given: Run): Omit<ImportContext, "mapping"> {
  const { kind, workspaceId, options, context, keep } = given;
  const { config, now, storage } = context;
  const salt = storage.keyring.keysFor("address").current.bytes;
  return {
    kind,
    workspaceId,
    sourceId: settingsOf(options).sourceId,
    receivedAt: now(),
    clickParam: config.CLICK_PARAM,
    storableIp: (ip) => truncateIp(ip, config.IP_MODE, salt),
    findPlanned: keep.findPlanned,
  };
}

/** A row with what became of it. */
interface Judged {
  readonly line: number;
  readonly fact?: EventRow;
  readonly problem?: string;
  readonly row: unknown;
}

/** The columns are those of the first row; a later row of NDJSON may bring more. */
function createJudge(importing: Omit<ImportContext, "mapping">, map: readonly string[]) {
  let mapping: Mapping = new Map();
  return (row: Row): Judged => {
    const { line } = row;
    if ("problem" in row) return { line, problem: row.problem, row: row.text };
    const columns = Object.keys(row.row);
    if (columns.some((column) => !mapping.has(column))) {
      const all = [...new Set([...mapping.keys(), ...columns])];
      mapping = createMapping(importing.kind, all, map);
    }
    return { line, row: row.row, ...importRow(row.row, { ...importing, mapping }) };
  };
}

async function keepSlice(
  slice: readonly Judged[],
  state: ImportState,
  refused: RefusedRows,
  keep: Keeper,
): Promise<ImportState> {
  const facts = slice.flatMap(({ fact }) => fact ?? []);
  const wrong = slice.flatMap(({ line, problem, row }) =>
    problem === undefined ? [] : [{ line, problem, row }],
  );
  const refusedBytes = await refused.append(wrong);
  const { added, withheld } = await keep.add(facts);
  return {
    rows: state.rows + slice.length,
    added: state.added + added,
    repeated: state.repeated + facts.length - withheld - added,
    withheld: state.withheld + withheld,
    refused: state.refused + wrong.length,
    refusedBytes,
  };
}

/** Reads everything and keeps nothing: the columns, the first rows, and each problem with its first lines. */
async function dryRun(
  kind: ImportKind,
  file: string,
  format: ImportFormat,
  options: ImportOptions,
): Promise<void> {
  const { sourceId, map } = settingsOf(options);
  const judge = createJudge(
    {
      kind,
      workspaceId: await workspaceOfDryRun(options),
      sourceId,
      receivedAt: createClock(undefined)(),
      clickParam: "jt",
      storableIp: () => null,
      findPlanned: () => null,
    },
    map,
  );
  const { input } = await openInput(file);
  const problems = createProblems((text) => console.log(text));
  let rows = 0;
  for await (const row of readRows(input, format)) {
    const { line, fact, problem } = judge(row);
    if (rows === 0 && "row" in row) {
      console.log(describeMapping(createMapping(kind, Object.keys(row.row), map)));
      console.log("First rows:");
    }
    rows += 1;
    if (fact && rows <= PREVIEW) console.log(describeFact(line, fact));
    if (problem !== undefined) problems.note(line, problem);
  }
  const refused = problems.end();
  console.log(`${rows} rows, ${refused} would be refused. Nothing was kept.`);
  if (refused > 0) process.exitCode = 1;
}

/** A dry run needs the database only to know the workspace's name. */
async function workspaceOfDryRun(options: ImportOptions): Promise<number> {
  if (options.workspace === undefined) return DEFAULT_WORKSPACE_ID;
  return withContext((context) => workspaceOf(context, options));
}
