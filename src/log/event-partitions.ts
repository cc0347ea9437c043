import type { Db } from "../db/db.ts";
import { identifier, raw, sql } from "../db/sql.ts";

/** Months whose partition this process has seen; the start of each, in milliseconds. */
const known = new WeakMap<Db, Set<number>>();

/**
 * Creates the monthly partitions of `events` that a slice of facts needs (PostgreSQL only).
 *
 * @param json facts as a JSON array; the month is that of `received_at`, in UTC
 */
export async function createPartitions(db: Db, json: string): Promise<void> {
  const facts: { received_at: number }[] = JSON.parse(json);
  const months = new Set(facts.map((fact) => monthStart(fact.received_at)));
  const seen = known.get(db) ?? new Set();
  known.set(db, seen);
  for (const month of months) {
    if (seen.has(month)) continue;
    await createPartition(db, month);
    seen.add(month);
  }
}

async function createPartition(db: Db, month: number): Promise<void> {
  const name = `events_${new Date(month).toISOString().slice(0, 7).replace("-", "_")}`;
  await db.run(sql`
    CREATE TABLE IF NOT EXISTS ${identifier(name)} PARTITION OF events
    FOR VALUES FROM (${raw(String(month))}) TO (${raw(String(nextMonth(month)))})`);
}

function monthStart(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

function nextMonth(month: number): number {
  const date = new Date(month);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}
