import type { Db, Row } from "../db/db.ts";
import { join, type Sql, sql } from "../db/sql.ts";
import type { KeyKind } from "./api-keys.ts";

export interface WorkspaceRow {
  workspace_id: number;
  slug: string;
  name: string;
  ref_key: string;
  created_at: number;
}

export interface KeyRow {
  workspace_id: number;
  key_id: string;
  kind: KeyKind;
  site_id: string | null;
  name: string;
  prefix: string;
  hash: string;
  scopes: string;
  created_at: number;
  last_used_at: number | null;
  expires_at: number | null;
  revoked_at: number | null;
}

/** All SQL about workspaces and keys. */
export interface AccessStore {
  /** Changes whenever a workspace or key was added or a key revoked: the cheap question. */
  stamp(): Promise<string>;
  workspaces(): Promise<WorkspaceRow[]>;
  /** Adds it unless its id or slug is taken; tells whether it did. */
  addWorkspace(row: WorkspaceRow): Promise<boolean>;
  highestWorkspaceId(): Promise<number>;
  /** Keys of every workspace that are not revoked. */
  activeKeys(): Promise<KeyRow[]>;
  /** All keys of one workspace, newest first. */
  keysOf(workspaceId: number): Promise<KeyRow[]>;
  addKey(row: KeyRow): Promise<void>;
  /** False when there is no such active key in this workspace. */
  revokeKey(workspaceId: number, keyId: string, at: number): Promise<boolean>;
  /** By key id or, for site keys, the id of the site. */
  markUsed(workspaceId: number, callerId: string, at: number): Promise<void>;
}

const KEY_COLUMNS = sql`workspace_id, key_id, kind, site_id, name, prefix, hash, scopes, created_at,
  last_used_at, expires_at, revoked_at`;

export function createAccessStore(db: Db): AccessStore {
  return {
    async stamp() {
      const row = await db.get<Row>(sql`
        SELECT (SELECT COUNT(*) FROM workspaces) AS workspaces,
               (SELECT COUNT(*) FROM api_keys) AS keys,
               (SELECT COUNT(revoked_at) FROM api_keys) AS revoked`);
      return Object.values(row ?? {}).join("/");
    },
    workspaces: () =>
      db.all(sql`SELECT workspace_id, slug, name, ref_key, created_at FROM workspaces`),
    async addWorkspace(row) {
      const changes = await db.run(sql`
        INSERT INTO workspaces (workspace_id, slug, name, ref_key, created_at)
        VALUES (${row.workspace_id}, ${row.slug}, ${row.name}, ${row.ref_key}, ${row.created_at})
        ON CONFLICT DO NOTHING`);
      return changes > 0;
    },
    async highestWorkspaceId() {
      const row = await db.get<{ id: number | null }>(
        sql`SELECT MAX(workspace_id) AS id FROM workspaces`,
      );
      return row?.id ?? 0;
    },
    activeKeys: () => db.all(sql`SELECT ${KEY_COLUMNS} FROM api_keys WHERE revoked_at IS NULL`),
    keysOf: (workspaceId) =>
      db.all(sql`
        SELECT ${KEY_COLUMNS}
        FROM api_keys
        WHERE workspace_id = ${workspaceId}
        ORDER BY created_at DESC, key_id`),
    async addKey(row) {
      await db.run(insertKey(row));
    },
    async revokeKey(workspaceId, keyId, at) {
      const changes = await db.run(sql`
        UPDATE api_keys
        SET revoked_at = ${at}
        WHERE workspace_id = ${workspaceId} AND key_id = ${keyId} AND revoked_at IS NULL`);
      return changes > 0;
    },
    async markUsed(workspaceId, callerId, at) {
      await db.run(sql`
        UPDATE api_keys
        SET last_used_at = ${at}
        WHERE workspace_id = ${workspaceId} AND revoked_at IS NULL
          AND (key_id = ${callerId} OR site_id = ${callerId})`);
    },
  };
}

function insertKey(row: KeyRow): Sql {
  const values = [
    row.workspace_id,
    row.key_id,
    row.kind,
    row.site_id,
    row.name,
    row.prefix,
    row.hash,
    row.scopes,
    row.created_at,
    row.last_used_at,
    row.expires_at,
    row.revoked_at,
  ];
  return sql`INSERT INTO api_keys (${KEY_COLUMNS}) VALUES (${join(values)})`;
}
