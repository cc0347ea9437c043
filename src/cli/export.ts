import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DEFAULT_WORKSPACE_ID } from "../access/directory.ts";
import { errorCode } from "../lib/errors.ts";
import { validate } from "../lib/validate.ts";
import type { ExportKind } from "../reports/export-kinds.ts";
import { exportQuerySchema } from "../reports/routes-export.ts";
import { COLUMNS, readExport } from "../reports/store-export.ts";
import { writeExport } from "../reports/write-export.ts";
import { requireProjections, withContext } from "./context.ts";

interface ExportOptions {
  readonly since?: string;
  readonly until?: string;
  readonly format?: string;
}

/** `clicktrail export events|contacts|clicks`: to standard output. */
export async function exportAll(kind: ExportKind, options: ExportOptions): Promise<void> {
  const query = validate(exportQuerySchema, options, { what: "call", code: "invalid_query" });
  const { since = 0, until = Number.MAX_SAFE_INTEGER, format = "ndjson" } = query;
  await withContext(async ({ storage, access }) => {
    await requireProjections(storage);
    const refs = access.refsOf(DEFAULT_WORKSPACE_ID);
    const rows = readExport(storage.db, refs, DEFAULT_WORKSPACE_ID, kind, { since, until });
    const text = Readable.from(writeExport(rows, COLUMNS[kind], format));
    await pipeline(text, process.stdout, { end: false }).catch(ignoreClosedPipe);
  });
}

/** `clicktrail export events | head` has seen enough. */
function ignoreClosedPipe(error: unknown): void {
  if (errorCode(error) !== "EPIPE") throw error;
}
