import { timingSafeEqual } from "node:crypto";
import express, { type Router } from "express";
import { AppError } from "../lib/errors.ts";

/** What `/readyz` tells; `ready` decides between 200 and 503. */
export interface Readiness {
  ready: boolean;
  /** `lag`: events of the log that it has not read yet. */
  projections: readonly { name: string; lag: number }[];
  /** Every projection has read every event. */
  settled: boolean;
  /** `failing`: why it cannot be used, or null. */
  database: unknown;
  journal: unknown;
  importer: unknown;
  disk: unknown;
  migration: unknown;
}

export interface HealthDeps {
  readiness(): Promise<Readiness>;
  /** The registry of prom-client, or what else has its two members. */
  metrics: { contentType: string; metrics(): Promise<string> };
  /** Bearer token that `/metrics` asks for; without one it is open. */
  metricsToken?: string | undefined;
}

/** `/healthz` (the process answers), `/readyz` (it can do its work) and `/metrics`. */
export function createHealthRoutes({ readiness, metrics, metricsToken }: HealthDeps): Router {
  const router = express.Router();

  router.get("/healthz", (_req, res) => {
    res.set("Cache-Control", "no-store").json({ status: "ok" });
  });

  router.get("/readyz", async (_req, res) => {
    const { ready, ...rest } = await readiness();
    res.status(ready ? 200 : 503).set("Cache-Control", "no-store");
    res.json({ status: ready ? "ready" : "not_ready", ...rest });
  });

  router.get("/metrics", async (req, res) => {
    if (metricsToken && !isToken(req.headers.authorization, metricsToken)) {
      throw new AppError("unauthorized", 401, "The metrics need their token.", {
        hint: "Send METRICS_TOKEN as `Authorization: Bearer …`.",
      });
    }
    res.set("Cache-Control", "no-store").type(metrics.contentType);
    res.send(await metrics.metrics());
  });

  return router;
}

function isToken(authorization: string | undefined, token: string): boolean {
  const sent = Buffer.from(authorization ?? "");
  const expected = Buffer.from(`Bearer ${token}`);
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}
