import { z } from "zod";
import {
  failedChangesSchema,
  failedQuerySchema,
  replayAllSchema,
} from "../../collect/routes-failed.ts";
import type { Operation } from "./operation.ts";
import { timeSchema } from "./schemas.ts";

const FAILED = "/v1/failed-events";
const tag = "Collection";

/** An event that could not be taken. */
const failedEventSchema = z
  .object({
    id: z.string(),
    status: z.enum(["open", "replayed", "discarded"]),
    reason: z.string(),
    expected: z.string().meta({ description: "What would be right." }),
    source: z.enum(["site", "server"]).nullable(),
    source_id: z.string(),
    received_at: timeSchema,
    raw: z.string().meta({ description: "The body as it came." }),
    edited: z.string().nullable().meta({ description: "What is read in its place." }),
    note: z.string().nullable(),
    settled_at: timeSchema.nullable(),
  })
  .meta({ id: "FailedEvent" });

/** What a replay came to. */
const replayedSchema = z
  .object({
    id: z.string(),
    status: z.enum(["open", "replayed", "discarded"]),
    accepted: z.int(),
    rejected: z.array(z.object({ index: z.int(), code: z.string(), message: z.string() })),
  })
  .meta({ id: "Replayed", description: "Open where nothing of it could be taken." });

/** Refused events: mended, replayed, discarded. */
export const FAILED_OPERATIONS: readonly Operation[] = [
  {
    method: "get",
    path: FAILED,
    summary: "List refused events, newest first, with the reasons of all of that status",
    tag,
    scope: "read",
    query: failedQuerySchema,
    answer: z.object({
      failed_events: z.array(failedEventSchema),
      reasons: z.array(z.object({ reason: z.string(), count: z.int() })),
      next: z.string().nullable(),
    }),
  },
  {
    method: "get",
    path: `${FAILED}/{id}`,
    summary: "A refused event",
    tag,
    scope: "read",
    answer: failedEventSchema,
  },
  {
    method: "patch",
    path: `${FAILED}/{id}`,
    summary: "Edit a refused event, discard it with a note, or take it up again",
    tag,
    scope: "admin",
    body: failedChangesSchema,
    example: { edited: '{"type":"track","event":"demo_request","userId":"u7"}' },
    answer: failedEventSchema,
  },
  {
    method: "post",
    path: `${FAILED}/{id}/replay`,
    summary: "Read a refused event again; it counts once however often this is called",
    tag,
    scope: "admin",
    answer: replayedSchema,
  },
  {
    method: "post",
    path: `${FAILED}/replay`,
    summary: "Replay all open refused events, or all of a reason",
    tag,
    scope: "admin",
    body: replayAllSchema,
    example: { reason: "missing_event_name" },
    answer: z.object({ replayed: z.int(), accepted: z.int(), still_refused: z.int() }),
  },
];
