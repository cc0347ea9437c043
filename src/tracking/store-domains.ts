import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";

/** Why a check failed, in a word for programs and a sentence for people. */
export interface DomainProblem {
  readonly code:
    | "dns_failed"
    | "dns_missing"
    | "dns_private"
    | "dns_elsewhere"
    | "https_failed"
    | "taken"
    | "wrong_answer";
  readonly message: string;
}

/** A host of a workspace's own. Times are milliseconds since the Unix epoch. */
export interface Domain {
  readonly workspaceId: number;
  /** ASCII, lower case, without a port. */
  readonly host: string;
  readonly isDefault: boolean;
  readonly createdAt: number;
  readonly checkedAt: number | null;
  /** The first check that it passed; null before. */
  readonly verifiedAt: number | null;
  /** Of the last check; null once it passed. */
  readonly problem: DomainProblem | null;
  /** Links that were sent still stand on it. */
  readonly removedAt: number | null;
}

/** The tables `tracking_domains` and `app_links`. */
export interface DomainStore {
  /** Of every workspace, removed ones included: the copy in memory. */
  all(): Promise<Domain[]>;
  /** Adds it, or takes a removed one back, unverified. */
  add(workspaceId: number, host: string, at: number): Promise<void>;
  /** Keeps what a check found; false when the host is another workspace's. */
  keepCheck(domain: Domain): Promise<boolean>;
  /** Makes it the one default of its workspace, or none. */
  setDefault(workspaceId: number, host: string | null): Promise<void>;
  remove(workspaceId: number, host: string, at: number): Promise<void>;
  appLinks(workspaceId: number, host: string, file: string): Promise<string | undefined>;
  setAppLinks(
    workspaceId: number,
    host: string,
    file: string,
    body: string | null,
    at: number,
  ): Promise<void>;
}

interface DomainRow {
  workspace_id: number;
  host: string;
  is_default: number;
  created_at: number;
  checked_at: number | null;
  verified_at: number | null;
  problem: string | null;
  removed_at: number | null;
}

/** @param db the storage port */
export function createDomainStore(db: Db): DomainStore {
  return {
    async all() {
      const rows = await db.all<DomainRow>(sql`
        SELECT workspace_id, host, is_default, created_at, checked_at, verified_at, problem, removed_at
        FROM tracking_domains
        ORDER BY workspace_id, created_at, host`);
      return rows.map(toDomain);
    },
    async add(workspaceId, host, at) {
      await db.run(sql`
        INSERT INTO tracking_domains (workspace_id, host, is_default, created_at)
        VALUES (${workspaceId}, ${host}, 0, ${at})
        ON CONFLICT (workspace_id, host) DO UPDATE SET
          is_default = 0, created_at = excluded.created_at, checked_at = NULL, verified_at = NULL,
          problem = NULL, removed_at = NULL`);
    },
    async keepCheck({ workspaceId, host, checkedAt, verifiedAt, problem }) {
      const changed = await db.run(sql`
        UPDATE tracking_domains
        SET checked_at = ${checkedAt}, verified_at = ${verifiedAt},
          problem = ${problem === null ? null : JSON.stringify(problem)}
        WHERE workspace_id = ${workspaceId} AND host = ${host} AND removed_at IS NULL
          AND (${verifiedAt === null ? 1 : 0} = 1 OR NOT EXISTS (
            SELECT 1 FROM tracking_domains AS other
            WHERE other.host = ${host} AND other.workspace_id <> ${workspaceId}
              AND other.verified_at IS NOT NULL AND other.removed_at IS NULL))`);
      return changed === 1;
    },
    async setDefault(workspaceId, host) {
      await db.run(sql`
        UPDATE tracking_domains
        SET is_default = CASE WHEN host = ${host ?? ""} THEN 1 ELSE 0 END
        WHERE workspace_id = ${workspaceId}`);
    },
    async remove(workspaceId, host, at) {
      await db.run(sql`
        UPDATE tracking_domains
        SET removed_at = ${at}, is_default = 0
        WHERE workspace_id = ${workspaceId} AND host = ${host}`);
    },
    async appLinks(workspaceId, host, file) {
      const row = await db.get<{ body: string }>(sql`
        SELECT body
        FROM app_links
        WHERE workspace_id = ${workspaceId} AND host = ${host} AND file = ${file}`);
      return row?.body;
    },
    async setAppLinks(workspaceId, host, file, body, at) {
      await db.run(
        body === null
          ? sql`
              DELETE FROM app_links
              WHERE workspace_id = ${workspaceId} AND host = ${host} AND file = ${file}`
          : sql`
              INSERT INTO app_links (workspace_id, host, file, body, changed_at)
              VALUES (${workspaceId}, ${host}, ${file}, ${body}, ${at})
              ON CONFLICT (workspace_id, host, file) DO UPDATE SET
                body = excluded.body, changed_at = excluded.changed_at`,
      );
    },
  };
}

function toDomain(row: DomainRow): Domain {
  return {
    workspaceId: row.workspace_id,
    host: row.host,
    isDefault: row.is_default === 1,
    createdAt: row.created_at,
    checkedAt: row.checked_at,
    verifiedAt: row.verified_at,
    problem: row.problem === null ? null : JSON.parse(row.problem),
    removedAt: row.removed_at,
  };
}
