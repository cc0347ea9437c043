import type { Readable } from "node:stream";
import { type CsvError, parse } from "csv-parse";
import { isObject, type JsonObject } from "../json-object.ts";

export type ImportFormat = "csv" | "ndjson";

/** A row of a file, or what is wrong with it. `line` is where it ends, from 1. */
export type Row =
  | { readonly line: number; readonly row: JsonObject }
  | { readonly line: number; readonly problem: string; readonly text: string };

/** A longer line is no row of an export. */
const MAX_LINE = 1_000_000;

/** Reads a file row by row, in bounded memory; a bad row never ends it. UTF-8, with or without a mark. */
export function readRows(input: Readable, format: ImportFormat): AsyncGenerator<Row> {
  return format === "csv" ? readCsv(input) : readNdjson(input);
}

async function* readCsv(input: Readable): AsyncGenerator<Row> {
  const skipped: Row[] = [];
  const parser = parse({
    bom: true,
    delimiter: [",", ";", "\t"],
    info: true,
    max_record_size: MAX_LINE,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined, text: string | undefined) => {
      const line = Number(error?.["lines"] ?? 0);
      skipped.push({ line, problem: error?.message ?? "Not CSV.", text: text ?? "" });
    },
  });
  input.on("error", (error) => parser.destroy(error));
  let header: string[] | undefined;
  for await (const { record, info } of input.pipe(parser)) {
    yield* skipped.splice(0);
    const cells: string[] = record;
    if (header) yield toRow(header, cells, info.lines);
    else header = cells.map((name) => name.trim());
  }
  yield* skipped.splice(0);
}

function toRow(header: readonly string[], cells: readonly string[], line: number): Row {
  if (cells.length !== header.length) {
    const problem = `Expected ${header.length} columns, got ${cells.length}.`;
    return { line, problem, text: cells.join(",") };
  }
  return { line, row: Object.fromEntries(header.map((name, index) => [name, cells[index]])) };
}

async function* readNdjson(input: Readable): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of readLines(input)) {
    line += 1;
    if (text.trim() !== "") yield parseLine(text, line);
  }
}

function parseLine(text: string, line: number): Row {
  try {
    const row: unknown = JSON.parse(text);
    if (isObject(row)) return { line, row };
    return { line, problem: "Expected a JSON object.", text };
  } catch (error) {
    return { line, problem: `Not JSON: ${error instanceof Error ? error.message : ""}`, text };
  }
}

async function* readLines(input: Readable): AsyncGenerator<string> {
  let rest = "";
  let isFirst = true;
  for await (const chunk of input.setEncoding("utf8")) {
    const text: string = isFirst ? String(chunk).replace(/^\uFEFF/, "") : String(chunk);
    isFirst = false;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
