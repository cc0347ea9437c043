import type { Db } from "./db/db.ts";
import type { Metrics } from "./lib/metrics.ts";
import { readHorizonLag } from "./log/horizon.ts";
import type { Importer } from "./log/importer.ts";
import type { Journal } from "./log/journal.ts";
import { ANSWER_MS, askDatabase } from "./readiness.ts";

interface LagDeps {
  readonly metrics: Metrics;
  readonly journal: Journal;
  readonly importer: Importer;
  readonly db: Db;
  readonly monotonicNow: () => number;
}

/** Shows how far the log, its readers and PostgreSQL's horizon are behind. */
export function showLags({ metrics, journal, importer, db, monotonicNow }: LagDeps): void {
  const isEmpty = () => journal.stats().unimportedBytes === 0;
  let waitingSince: number | undefined = monotonicNow();
  journal.onDurable(() => {
    waitingSince ??= monotonicNow();
  });
  importer.onImported(() => {
    waitingSince = isEmpty() ? undefined : monotonicNow();
  });
  metrics.gauge(
    "clicktrail_import_lag_seconds",
    "Seconds since facts wait in the journal without any being imported.",
    () => (isEmpty() || waitingSince === undefined ? 0 : (monotonicNow() - waitingSince) / 1000),
  );
  metrics.gauges(
    "clicktrail_projection_lag_events",
    "Events of the log that a projection has not read; counted up to 10,000.",
    "projection",
    async () => new Map((await askDatabase(db)).lags.map(({ name, lag }) => [name, lag])),
  );
  if (db.engine === "postgres") {
    metrics.gauge(
      "clicktrail_horizon_lag_seconds",
      "Age of the oldest transaction in PostgreSQL that wrote: projections wait for it.",
      () => readHorizonLag(db, ANSWER_MS),
    );
  }
}
