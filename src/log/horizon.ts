import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import { settlesWithin } from "../lib/within.ts";

/**
 * The age in seconds of the oldest transaction that wrote and still runs, in any database of the cluster.
 * PostgreSQL only: what came after it is not read until it ends.
 *
 * @returns undefined when the database did not answer in time
 */
export async function readHorizonLag(db: Db, withinMs: number): Promise<number | undefined> {
  let seconds: number | undefined;
  const asked = db
    .get<{ seconds: number | null }>(sql`
      SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp() - MIN(xact_start)) AS DOUBLE PRECISION) AS seconds
      FROM pg_stat_activity
      WHERE backend_xid IS NOT NULL`)
    .then(
      (row) => {
        seconds = Math.max(0, row?.seconds ?? 0);
      },
      () => {},
    );
  await settlesWithin(asked, withinMs);
  return seconds;
}
