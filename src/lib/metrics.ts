import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Why something that arrived was not kept, or not kept in the ordinary way. Every drop has a name. */
export type HitOutcome = "durable" | "late" | "memory" | "dropped";

/** The service's own figures, served at /metrics. */
export interface Metrics {
  readonly registry: Registry;
  readonly hits: Counter<"kind" | "kept">;
  readonly misses: Counter<"kind">;
  readonly redirectSeconds: Histogram;
  readonly importTrouble: Counter<"kind">;
  readonly projectionFailures: Counter<"projection">;
  /** Shows a value that is asked for when the metrics are read. */
  gauge(name: string, help: string, read: () => number): void;
}

/** Makes the registry with Node's own figures and ours. Names begin with `clicktrail_`. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    hits: new Counter({
      name: "clicktrail_hits_total",
      help: "Clicks and opens by how they were kept when answered.",
      labelNames: ["kind", "kept"],
      registers,
    }),
    misses: new Counter({
      name: "clicktrail_link_misses_total",
      help: "Requests for a link that is forged, cut or foreign (404).",
      labelNames: ["kind"],
      registers,
    }),
    redirectSeconds: new Histogram({
      name: "clicktrail_redirect_seconds",
      help: "Time from a click's request to its redirect.",
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25],
      registers,
    }),
    importTrouble: new Counter({
      name: "clicktrail_import_trouble_total",
      help: "Failed imports, damaged journal bytes and refused events.",
      labelNames: ["kind"],
      registers,
    }),
    projectionFailures: new Counter({
      name: "clicktrail_projection_failures_total",
      help: "Slices that a projection failed to handle; each is tried again.",
      labelNames: ["projection"],
      registers,
    }),
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
  };
}
