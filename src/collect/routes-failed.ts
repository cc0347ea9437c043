import { Router } from "express";
import { z } from "zod";
import { type Authorize, type Caller, callerOf } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { parseJson } from "../lib/json.ts";
import { readBody } from "../lib/read-body.ts";
import { validate } from "../lib/validate.ts";
import type { FailedEvents } from "./failed-events.ts";
import { MAX_BATCH_BYTES } from "./limits.ts";
import { explainReason } from "./rejections.ts";
import { FAILED_STATUSES, type FailedEvent } from "./store-failed.ts";

export interface FailedRoutesDeps {
  readonly failedEvents: FailedEvents;
  readonly authorize: Authorize;
  /** Notes in the audit log who did what. */
  readonly auditFailed: (caller: Caller, action: FailedAction, subject: string) => Promise<void>;
}

export type FailedAction = "edit" | "discard" | "reopen" | "replay" | "replay_all";

/** A batch, each character up to six bytes of JSON text. */
const BODY_LIMIT = 6 * MAX_BATCH_BYTES;
const STATUS_MESSAGE = `Expected ${FAILED_STATUSES.join(", ")}.`;

/** The query of `GET /v1/failed-events`. */
export const failedQuerySchema = z.strictObject({
  status: z.enum(FAILED_STATUSES, STATUS_MESSAGE).default("open"),
  reason: z.string().min(1).max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,15}\.[\w-]{1,64}$/, "Expected the next of an earlier answer.")
    .optional(),
});

/** The body of `PATCH /v1/failed-events/:id`: one change at a time. */
export const failedChangesSchema = z
  .strictObject({
    edited: z
      .string()
      .min(1)
      .max(MAX_BATCH_BYTES)
      .nullable()
      .optional()
      .meta({ description: "What is read in place of the body; null goes back to the body." }),
    status: z
      .enum(["discarded", "open"], "Expected discarded, or open to take it up again.")
      .optional(),
    note: z.string().trim().min(1).max(500).optional(),
  })
  .refine(
    ({ edited, status }) => (edited === undefined) !== (status === undefined),
    "Expected either edited or status.",
  )
  .refine(
    ({ status, note }) => (status === "discarded") === (note !== undefined),
    "Expected a note with status discarded, and only there: why it is not needed.",
  );

/** The body of `POST /v1/failed-events/replay`. */
export const replayAllSchema = z.strictObject({
  reason: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .meta({ description: "Only those refused for it; all open ones unless given." }),
});

/** `/v1/failed-events`: what was refused, to be mended and replayed, or discarded. */
export function createFailedRoutes(deps: FailedRoutesDeps): Router {
  const { failedEvents, authorize, auditFailed } = deps;
  const router = Router();

  router.get("/v1/failed-events", authorize("read"), async (req, res) => {
    const query = validate(failedQuerySchema, req.query, { what: "query", code: "invalid_query" });
    const { workspaceId } = callerOf(res);
    const { cursor, limit, status } = query;
    const after = cursor === undefined ? undefined : placeOf(cursor);
    const found = await failedEvents.list(workspaceId, { ...query, after, limit: limit + 1 });
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    res.json({
      failed_events: shown.map(describeFailedEvent),
      reasons: await failedEvents.count(workspaceId, status),
      next: last ? cursorOf(last) : null,
    });
  });

  router.post("/v1/failed-events/replay", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const { reason } = validate(replayAllSchema, await readJson(req));
    const result = await failedEvents.replayAll(caller.workspaceId, reason);
    await auditFailed(caller, "replay_all", reason ?? "all");
    res.json(result);
  });

  router.get("/v1/failed-events/:id", authorize("read"), async (req, res) => {
    const { workspaceId } = callerOf(res);
    const found = await failedEvents.find(workspaceId, String(req.params["id"]));
    res.json(describeFailedEvent(found));
  });

  router.patch("/v1/failed-events/:id", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const changes = validate(failedChangesSchema, await readJson(req));
    const id = String(req.params["id"]);
    const action = actionOf(changes);
    const changed = await change(failedEvents, caller.workspaceId, id, changes);
    await auditFailed(caller, action, id);
    res.json(describeFailedEvent(changed));
  });

  router.post("/v1/failed-events/:id/replay", authorize("admin"), async (req, res) => {
    const caller = callerOf(res);
    const id = String(req.params["id"]);
    const result = await failedEvents.replay(caller.workspaceId, id);
    await auditFailed(caller, "replay", id);
    res.json(result);
  });

  return router;
}

type Changes = z.infer<typeof failedChangesSchema>;

function actionOf({ edited, status }: Changes): FailedAction {
  if (edited !== undefined) return "edit";
  return status === "open" ? "reopen" : "discard";
}

function change(
  failedEvents: FailedEvents,
  workspaceId: number,
  id: string,
  { edited, status, note = "" }: Changes,
): Promise<FailedEvent> {
  if (edited !== undefined) return failedEvents.edit(workspaceId, id, edited);
  if (status === "open") return failedEvents.reopen(workspaceId, id);
  return failedEvents.discard(workspaceId, id, note);
}

/** The cursor behind a refused event. */
export function cursorOf({ receivedAt, id }: FailedEvent): string {
  return `${receivedAt}.${id}`;
}

/** The place that a cursor stands for. @throws {AppError} `invalid_query` (422) */
export function placeOf(cursor: string): { receivedAt: number; id: string } {
  const [, at, id] = /^(\d{1,15})\.([\w-]{1,64})$/.exec(cursor) ?? [];
  if (at !== undefined && id !== undefined) return { receivedAt: Number(at), id };
  throw new AppError("invalid_query", 422, "Expected the next of an earlier answer as cursor.");
}

function describeFailedEvent(event: FailedEvent) {
  const { id, status, reason, source, raw, edited, note, receivedAt, sourceId, settledAt } = event;
  return {
    id,
    status,
    reason,
    expected: explainReason(reason),
    source,
    source_id: sourceId,
    received_at: new Date(receivedAt).toISOString(),
    raw,
    edited,
    note,
    settled_at: settledAt === null ? null : new Date(settledAt).toISOString(),
  };
}

async function readJson(req: Parameters<typeof readBody>[0]): Promise<unknown> {
  const body = await readBody(req, { limit: BODY_LIMIT });
  return body.length === 0 ? {} : parseJson(body);
}
