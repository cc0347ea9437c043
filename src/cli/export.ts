import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { errorCode } from "../lib/errors.ts";
import { validate } from "../lib/validate.ts";
import type { ExportKind } from "../reports/export-kinds.ts";
import { exportQuerySchema } from "../reports/routes-export.ts";
import { COLUMNS, readExport } from "../reports/store-export.ts";
import { writeExport } from "../reports/write-export.ts";
import { requireProjections, type WorkspaceOption, withContext, workspaceOf } from "./context.ts";

interface ExportOptions extends WorkspaceOption {
  readonly since?: string;
  readonly until?: string;
  readonly format?: string;
}

/** `clicktrail export events|contacts|clicks`: to standard output. */
export async function exportAll(
  kind: ExportKind,
  { workspace, ...options }: ExportOptions,
): Promise<void> {
  const query = validate(exportQuerySchema, options, { what: "call", code: "invalid_query" });
  const { since = 0, until = Number.MAX_SAFE_INTEGER, format = "ndjson" } = query;
  await withContext(async (context) => {
    const { storage, access } = context;
    await requireProjections(storage);
    const workspaceId = await workspaceOf(context, { workspace });
    const refs = access.refsOf(workspaceId);
    const rows = readExport(storage.db, refs, workspaceId, kind, { since, until });
    const text = Readable.from(writeExport(rows, COLUMNS[kind], format));
    await pipeline(text, process.stdout, { end: false }).catch(ignoreClosedPipe);
  });
}

/** `clicktrail export events | head` has seen enough. */
function ignoreClosedPipe(error: unknown): void {
  if (errorCode(error) !== "EPIPE") throw error;
}
