import express, { type Request, type Router } from "express";
import { z } from "zod";
import type { Db } from "../db/db.ts";
import { type Authorize, callerOf } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { nearest } from "../lib/nearest.ts";
import type { Refs } from "../lib/refs.ts";
import { sendPieces } from "../lib/send-pieces.ts";
import { validate } from "../lib/validate.ts";
import { EXPORTS, type ExportKind, FORMATS } from "./export-kinds.ts";
import { COLUMNS, readExport } from "./store-export.ts";
import { writeExport } from "./write-export.ts";

interface ExportRoutesDeps {
  readonly db: Db;
  readonly authorize: Authorize;
  readonly refsOf: (workspaceId: number) => Refs | Promise<Refs>;
}

const MOMENT_MESSAGE = "Expected a date or time such as 2026-03-01 or 2026-03-01T12:00:00Z.";

/** A date (midnight UTC) or a time, as milliseconds. */
const momentSchema = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/, MOMENT_MESSAGE)
  .transform((text) => Date.parse(text))
  .refine((at) => !Number.isNaN(at), MOMENT_MESSAGE);

/** The query of `GET /v1/export/:kind`. */
export const exportQuerySchema = z.strictObject({
  since: momentSchema.optional(),
  until: momentSchema.optional(),
  format: z.enum(FORMATS, `Expected ${FORMATS.join(" or ")}.`).optional(),
});

const TYPES = { ndjson: "application/x-ndjson", csv: "text/csv" } as const;

/** `GET /v1/export/{events,contacts,clicks}`: everything of a kind as a stream; needs `read`. */
export function createExportRoutes({ db, authorize, refsOf }: ExportRoutesDeps): Router {
  const router = express.Router();
  router.get("/v1/export/:kind", authorize("read"), async (req: Request<{ kind: string }>, res) => {
    const kind = readKind(req.params.kind);
    const query = validate(exportQuerySchema, req.query, { what: "query", code: "invalid_query" });
    const format =
      query.format ?? (/\btext\/csv\b/.test(req.get("accept") ?? "") ? "csv" : "ndjson");
    const { since = 0, until = Number.MAX_SAFE_INTEGER } = query;
    const { workspaceId } = callerOf(res);
    const refs = await refsOf(workspaceId);
    const rows = readExport(db, refs, workspaceId, kind, { since, until });
    res.set({
      "Content-Type": `${TYPES[format]}; charset=utf-8`,
      "Content-Disposition": `attachment; filename="${kind}.${format}"`,
      "Cache-Control": "no-store",
    });
    await sendPieces(res, writeExport(rows, COLUMNS[kind], format));
  });
  return router;
}

function readKind(text: string): ExportKind {
  const kind = EXPORTS.find((name) => name === text);
  if (kind) return kind;
  const near = nearest(text, EXPORTS);
  throw new AppError("not_found", 404, `There is no export "${text}".`, {
    hint: `Exports are ${EXPORTS.join(", ")}${near ? `; did you mean ${near}?` : "."}`,
  });
}
