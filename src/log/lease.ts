import type { Db, Sql } from "../db/db.ts";
import { sql } from "../db/sql.ts";

/** How long a lease holds without renewal: another node takes over after it. */
const LEASE_MS = 10_000;

/** The right to run one projection, held by one node at a time. */
export interface Lease {
  /**
   * Takes or renews it; false while another node holds it.
   *
   * Renewal writes only in the second half of the term.
   */
  hold(): Promise<boolean>;
  /** Has the next `hold` ask the database, whatever is known of the term. */
  doubt(): void;
  /** A condition for a write's WHERE: true only while this holder is the newest one. */
  fence(): Sql;
  /** Gives it back, so that another node need not wait for the term to end. */
  release(): Promise<void>;
}

/**
 * @param owner a name that no other process has
 * @param now   milliseconds since the epoch; nodes whose clocks differ by less than the term agree.
 *              Safety does not rest on it: a stale holder's token fails inside the transaction.
 */
export function createLease(db: Db, name: string, owner: string, now: () => number): Lease {
  let token = 0;
  let until = 0;

  async function hold(): Promise<boolean> {
    if (token !== 0 && Math.abs(until - now() - LEASE_MS) < LEASE_MS / 2) return true;
    const at = now();
    const next = at + LEASE_MS;
    const taken = await db.run(sql`
      INSERT INTO leases (name, owner, token, until_ms) VALUES (${name}, ${owner}, 1, ${next})
      ON CONFLICT (name) DO UPDATE SET
        token = leases.token + CASE WHEN leases.owner = excluded.owner THEN 0 ELSE 1 END,
        owner = excluded.owner, until_ms = excluded.until_ms
      WHERE leases.owner = excluded.owner OR leases.until_ms < ${at} OR leases.until_ms > ${at + 2 * LEASE_MS}`);
    if (taken === 0) {
      token = 0;
      return false;
    }
    const row = await db.get<{ token: number }>(
      sql`SELECT token FROM leases WHERE name = ${name} AND owner = ${owner}`,
    );
    token = row?.token ?? 0;
    until = next;
    return token !== 0;
  }

  return {
    hold,
    doubt() {
      token = 0;
    },
    fence: () => sql`EXISTS (
      SELECT 1 FROM leases WHERE name = ${name} AND owner = ${owner} AND token = ${token})`,
    async release() {
      if (token === 0) return;
      token = 0;
      await db.run(sql`UPDATE leases SET until_ms = 0 WHERE name = ${name} AND owner = ${owner}`);
    },
  };
}
