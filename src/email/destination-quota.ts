import type { Db } from "../db/db.ts";
import { jsonRows, sql } from "../db/sql.ts";
import { AppError } from "../lib/errors.ts";
import { createRecentCache } from "../lib/recent-cache.ts";
import { parseUrl } from "./rewrite/destination.ts";

/** Lets a workspace lead to these URLs, or rejects with `too_many_new_hosts` (429). */
export type AdmitDestinations = (workspaceId: number, urls: readonly string[]) => Promise<void>;

interface QuotaDeps {
  readonly db: Db;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** New hosts a day (UTC) and workspace; 0: no limit. */
  readonly limit: number;
  /** Whose links nobody limits: the operator's own workspace. */
  readonly isExempt: (workspaceId: number) => boolean;
  /** Told of the first refusal of a workspace's day. */
  readonly onRefused: (workspaceId: number, hosts: readonly string[]) => Promise<void>;
}

const DAY_MS = 86_400_000;
/** Hosts of all workspaces that are known to be admitted, so that most mails ask nobody. */
const REMEMBERED = 50_000;
/** Mails go out while the database is away: what it cannot say in this time is admitted. */
const WAIT_MS = 500;

/**
 * Limits how many hosts a workspace may newly lead to in a day: attackers hide phishing behind the tracking
 * host that readers trust, and need a new host for each wave.
 *
 * Hosts count whole: on a shared domain (`*.pages.example`) each one is somebody else's.
 */
export function createDestinationQuota(deps: QuotaDeps): AdmitDestinations {
  const admitted = createRecentCache<true>(REMEMBERED);
  const refusedOn = new Map<number, number>();
  // One request of a workspace at a time, or many at once would all be counted as the first.
  const queues = new Map<number, Promise<void>>();

  async function admit(workspaceId: number, hosts: readonly string[]): Promise<void> {
    const day = deps.now() - (deps.now() % DAY_MS);
    const fresh = await findNew(deps.db, workspaceId, hosts);
    const left = deps.limit - (fresh.length > 0 ? await countSince(deps.db, workspaceId, day) : 0);
    if (fresh.length > left) {
      if (refusedOn.get(workspaceId) !== day) await deps.onRefused(workspaceId, fresh);
      refusedOn.set(workspaceId, day);
      throw tooManyHosts(fresh, left, deps.limit, Math.ceil((day + DAY_MS - deps.now()) / 1000));
    }
    if (fresh.length > 0) await addHosts(deps.db, workspaceId, fresh, deps.now());
    for (const host of hosts) admitted.set(`${workspaceId} ${host}`, true);
  }

  function inTurn(workspaceId: number, work: () => Promise<void>): Promise<void> {
    const before = queues.get(workspaceId) ?? Promise.resolve();
    const mine = before.then(work);
    const settled = mine.catch(() => undefined);
    queues.set(workspaceId, settled);
    void settled.then(() => {
      if (queues.get(workspaceId) === settled) queues.delete(workspaceId);
    });
    return mine;
  }

  return async (workspaceId, urls) => {
    if (deps.limit === 0 || urls.length === 0 || deps.isExempt(workspaceId)) return;
    const unknown = hostsOf(urls).filter((host) => !admitted.get(`${workspaceId} ${host}`));
    if (unknown.length === 0) return;
    await inTurn(workspaceId, () => orAfter(WAIT_MS, admit(workspaceId, unknown)));
  };
}

/** Refusals reject; a database that is away or silent does not. */
async function orAfter(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  const answered = work.catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== "storage_unavailable") throw error;
  });
  await Promise.race([answered, silence]).finally(() => clearTimeout(timer));
}

function hostsOf(urls: readonly string[]): string[] {
  const hosts = urls.map((url) => parseUrl(url)?.hostname.replace(/\.$/, "") ?? "");
  return [...new Set(hosts)].filter((host) => host !== "");
}

async function findNew(db: Db, workspaceId: number, hosts: readonly string[]): Promise<string[]> {
  const json = JSON.stringify(hosts.map((host) => ({ host })));
  const known = await db.all<{ host: string }>(sql`
    SELECT host
    FROM destination_hosts
    WHERE workspace_id = ${workspaceId}
      AND host IN (SELECT r.value ->> 'host' FROM ${jsonRows(db.engine, json)})`);
  const found = new Set(known.map(({ host }) => host));
  return hosts.filter((host) => !found.has(host));
}

async function countSince(db: Db, workspaceId: number, since: number): Promise<number> {
  const row = await db.get<{ hosts: number }>(sql`
    SELECT COUNT(*) AS hosts
    FROM destination_hosts
    WHERE workspace_id = ${workspaceId} AND first_at >= ${since}`);
  return row?.hosts ?? 0;
}

async function addHosts(
  db: Db,
  workspaceId: number,
  hosts: readonly string[],
  now: number,
): Promise<void> {
  const json = JSON.stringify(hosts.map((host) => ({ host })));
  await db.run(sql`
    INSERT INTO destination_hosts (workspace_id, host, first_at)
    SELECT CAST(${workspaceId} AS BIGINT), r.value ->> 'host', CAST(${now} AS BIGINT)
    FROM ${jsonRows(db.engine, json)}
    WHERE true
    ON CONFLICT DO NOTHING`);
}

function tooManyHosts(
  fresh: readonly string[],
  left: number,
  limit: number,
  retryAfterS: number,
): AppError {
  const some = fresh.slice(0, 3).join(", ") + (fresh.length > 3 ? ", …" : "");
  const may = left > 0 ? `only ${left} more today` : "no more today";
  return new AppError(
    "too_many_new_hosts",
    429,
    `These links lead to ${fresh.length} hosts that the workspace never led to (${some}); it may add ${may}.`,
    {
      hint: `A workspace may add ${limit} new hosts a day (NEW_HOSTS_PER_DAY). Try again tomorrow, or have it raised.`,
      retryAfterS,
    },
  );
}
