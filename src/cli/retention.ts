import { applyRetention } from "../contacts/privacy/retention.ts";
import { retentionOf } from "../lib/config.ts";
import { AppError } from "../lib/errors.ts";
import { requireProjections, withContext } from "./context.ts";

/** `clicktrail retention [--dry-run]`: deletes what is older than RETENTION_DAYS, or counts it. */
export async function runRetention({ dryRun = false }: { dryRun?: boolean }): Promise<void> {
  await withContext(async ({ config, now, storage, access }) => {
    await requireProjections(storage);
    const retention = retentionOf(config);
    if (retention.defaultMs === undefined && retention.byType.size === 0) {
      throw new AppError("invalid_config", 422, "RETENTION_DAYS is not set: everything is kept.", {
        hint: "Set it to a number of days, such as RETENTION_DAYS=400 or 400,open=30.",
      });
    }
    const { db } = storage;
    const { events, ...rows } = await applyRetention(
      { db, refsOf: access.refsOf, retention, now },
      { dryRun },
    );
    console.log(dryRun ? "Would be deleted:" : "Deleted:");
    const types = Object.entries(events).map(
      ([type, count]) => [`events: ${type}`, count] as const,
    );
    for (const [kind, count] of [...types, ...Object.entries(rows)]) {
      console.log(`${String(count).padStart(10)}  ${kind}`);
    }
  });
}
