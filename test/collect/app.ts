import express, { type ErrorRequestHandler, type Express } from "express";
import type { CollectDeps } from "../../src/collect/collector.ts";
import { createRequestReader } from "../../src/collect/kept-requests.ts";
import { createCollectRoutes } from "../../src/collect/routes.ts";
import type { Caller } from "../../src/lib/caller.ts";
import { AppError } from "../../src/lib/errors.ts";
import type { EventRow } from "../../src/log/event.ts";
import type { FailedEventRow, RejectedItem } from "../../src/log/failed-events.ts";
import { joinedText } from "../support/joined.ts";

/** 2026-01-05T10:00:00Z */
export const NOW = 1_767_607_200_000;

const CALLERS: Record<string, Caller> = {
  "site-key": { workspaceId: 1, kind: "site", id: "site_1", scopes: new Set(["collect"]) },
  "secret-key": { workspaceId: 1, kind: "secret", id: "key_1", scopes: new Set(["admin"]) },
  "read-key": { workspaceId: 1, kind: "secret", id: "key_2", scopes: new Set(["read"]) },
};

export interface CollectApp {
  app: Express;
  events: EventRow[];
  rejected: RejectedItem[];
}

/** The collection routes over arrays in place of the journal. */
export function createCollectApp(changes: Partial<CollectDeps> = {}): CollectApp {
  const events: EventRow[] = [];
  const rejected: RejectedItem[] = [];
  const readRequests = createRequestReader(changes.clickParam ?? "jt");
  let ids = 0;
  const deps: CollectDeps = {
    findKey: (secret) => CALLERS[secret],
    checkRoom: () => {},
    record: async (more) => void events.push(...more),
    recordRequest: async (json) => {
      const facts: (EventRow | FailedEventRow)[] = JSON.parse(
        readRequests(Buffer.from(`[${joinedText(json)}]`)).toString("utf8"),
      );
      for (const one of facts) {
        if ("failed_id" in one) rejected.push(toItem(one));
        else events.push(one);
      }
    },
    mayKeepRequests: () => true,
    keepRejected: async (more) => void rejected.push(...more),
    clientIp: () => "192.0.2.77",
    isSecure: () => true,
    storableIp: (ip) => ip.replace(/\d+$/, "0"),
    networkOf: () => undefined,
    createId: () => `id${++ids}`,
    now: () => NOW,
    clickParam: "jt",
    findPlanned: () => null,
    judgeEarlyClick: () => undefined,
    refusesJoin: (req) => req.headers["sec-gpc"] === "1",
    ...changes,
  };
  const app = express();
  app.use(createCollectRoutes(deps));
  app.use(renderError);
  return { app, events, rejected };
}

/** As the service renders errors, but plain. */
export const renderError: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  const known = error instanceof AppError ? error : undefined;
  if (known?.retryAfterS !== undefined) res.set("Retry-After", String(known.retryAfterS));
  const { code, message, errors } = known ?? {
    code: "internal",
    message: String(error),
    errors: [],
  };
  res.status(known?.status ?? 500).json({ code, message, errors });
};

/** As the door would have kept it. */
function toItem({ failed_id: _id, ...row }: FailedEventRow): RejectedItem {
  const { workspace_id, source_id, source, refuses_join, reason, raw, received_at } = row;
  return {
    workspaceId: workspace_id,
    sourceId: source_id,
    source: source ?? "site",
    refusesJoin: refuses_join === 1,
    reason,
    raw,
    receivedAt: received_at,
  };
}
