import { Router } from "express";
import { z } from "zod";
import type { Db } from "../db/db.ts";
import { type Authorize, callerOf } from "../lib/caller.ts";
import { toCsvLine } from "../lib/csv.ts";
import { validate } from "../lib/validate.ts";
import { type QualityReport, readQuality } from "./quality.ts";
import type { IsConversion } from "./store.ts";

interface QualityRoutesDeps {
  readonly db: Db;
  readonly authorize: Authorize;
  readonly now: () => number;
  readonly isConversion: IsConversion;
}

const DAYS_MESSAGE = "Expected a whole number from 1 to 366.";

/** The query of `GET /v1/quality`. */
export const qualityQuerySchema = z.strictObject({
  days: z
    .string()
    .regex(/^\d{1,3}$/, DAYS_MESSAGE)
    .transform(Number)
    .pipe(z.number().min(1, DAYS_MESSAGE).max(366, DAYS_MESSAGE))
    .default(30),
  event: z.string().min(1).max(128).optional(),
  source_id: z.string().min(1).max(128).optional(),
  format: z.enum(["json", "csv"], "Expected json or csv.").default("json"),
});

/** `GET /v1/quality`: scores by day, event and source, and the failed checks; needs `read`. */
export function createQualityRoutes(deps: QualityRoutesDeps): Router {
  const { db, authorize, now, isConversion } = deps;
  const router = Router();
  router.get("/v1/quality", authorize("read"), async (req, res) => {
    const query = validate(qualityQuerySchema, req.query, { what: "query", code: "invalid_query" });
    const { workspaceId } = callerOf(res);
    const { days, event, source_id: sourceId, format } = query;
    const asked = { days, event, sourceId, until: now() };
    const report = await readQuality(db, workspaceId, asked, isConversion);
    if (format === "json") res.json(report);
    else res.attachment("quality.csv").type("csv").send(toQualityCsv(report, "event"));
  });
  return router;
}

/** One table of a report as CSV. */
export function toQualityCsv(report: QualityReport, by: "day" | "event" | "check"): string {
  return tableOf(report, by).map(toCsvLine).join("");
}

function tableOf({ days, events, checks }: QualityReport, by: "day" | "event" | "check") {
  switch (by) {
    case "day":
      return [
        ["day", "events", "score"],
        ...days.map(({ day, events, score }) => [day, events, score]),
      ];
    case "event":
      return [
        ["event", "source_id", "events", "score", "worst_check", "conversion"],
        ...events.map((one) => [
          one.event,
          one.source_id,
          one.events,
          one.score,
          one.worst_check,
          one.conversion ? "yes" : "no",
        ]),
      ];
    case "check":
      return [
        ["check", "weight", "failed", "fault", "change"],
        ...checks.map((one) => [one.check, one.weight, one.failed, one.fault, one.change]),
      ];
  }
}
