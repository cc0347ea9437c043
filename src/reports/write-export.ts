import { toCsvLine } from "../lib/csv.ts";
import type { ExportFormat } from "./export-kinds.ts";
import type { ExportRow } from "./store-export.ts";

/** Lines go out in pieces of this many characters: one write for each would be slow. */
const PIECE = 64_000;

/** Writes rows as NDJSON, or as CSV with a head. */
export async function* writeExport(
  rows: AsyncIterable<ExportRow>,
  columns: readonly string[],
  format: ExportFormat,
): AsyncGenerator<string> {
  let piece = format === "csv" ? toCsvLine(columns) : "";
  for await (const row of rows) {
    piece +=
      format === "csv"
        ? toCsvLine(columns.map((column) => row[column]))
        : `${JSON.stringify(row)}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
