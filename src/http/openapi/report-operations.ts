import { z } from "zod";
import { trafficQuerySchema } from "../../reports/routes.ts";
import { qualityQuerySchema } from "../../reports/routes-quality.ts";
import type { Operation } from "./operation.ts";
import { timeSchema } from "./schemas.ts";

const countsSchema = z.object({
  human: z.int(),
  unsure: z.int().meta({ description: "Of the human ones." }),
  machine: z.int(),
  prefetch: z.int(),
});

const trafficSchema = z
  .object({
    totals: countsSchema,
    days: z.array(countsSchema.extend({ day: z.iso.date() })),
    reasons: z.array(z.object({ signal: z.string(), machine: z.int(), prefetch: z.int() })),
    campaigns: z.array(countsSchema.extend({ id: z.string(), name: z.string() })),
    networks: z.array(countsSchema.extend({ network: z.string() })),
  })
  .meta({ id: "Traffic", description: "Hits by what they turned out to be; days are UTC." });

const scoresSchema = z.object({ events: z.int(), score: z.int().nullable() });

/** How well events were sent. */
const qualitySchema = z
  .object({
    totals: scoresSchema,
    folded: z
      .object({
        reason: z.literal("too_many_event_names"),
        events: z.int(),
        most_names: z.int(),
        names: z.array(z.object({ event: z.string(), source_id: z.string() })),
      })
      .meta({
        description:
          "Events summed up as `(other)`: the workspace has too many names. `names` are some of them, the last first.",
      }),
    days: z.array(scoresSchema.extend({ day: z.iso.date() })),
    checks: z.array(
      z.object({
        check: z.string(),
        weight: z.int(),
        failed: z.int(),
        fault: z.string(),
        change: z.string(),
        example: z
          .object({
            event: z.string(),
            event_id: z.string(),
            received_at: timeSchema,
            url: z.string().nullable(),
            properties: z.record(z.string(), z.unknown()),
          })
          .nullable(),
      }),
    ),
    events: z.array(
      scoresSchema.extend({
        event: z.string(),
        source_id: z.string(),
        worst_check: z.string().nullable(),
        conversion: z.boolean(),
      }),
    ),
  })
  .meta({ id: "Quality", description: "Mean scores from 0 to 100; days are UTC, by arrival." });

/** Reports over a workspace. */
export const REPORT_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: "/v1/quality",
    summary: "How well events are sent: score by day, event and source, failed checks; also as CSV",
    tag: "Reports",
    scope: "read",
    query: qualityQuerySchema,
    answer: qualitySchema,
  },
  {
    method: "get",
    path: "/v1/traffic",
    summary: "What came in the last days, people beside machines, and what was filtered why",
    tag: "Reports",
    scope: "read",
    query: trafficQuerySchema,
    answer: trafficSchema,
  },
];
