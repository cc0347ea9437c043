import { z } from "zod";
import {
  failedChangesSchema,
  failedQuerySchema,
  replayAllSchema,
} from "../../collect/routes-failed.ts";
import type { Operation } from "./operations.ts";
import { failedEventSchema, replayedSchema } from "./schemas.ts";

const FAILED = "/v1/failed-events";
const tag = "Collection";

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
