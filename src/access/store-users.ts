import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";

/** `admin` does everything in its workspace, `viewer` only reads. */
export type Role = "admin" | "viewer";

export interface UserRow {
  workspace_id: number;
  user_id: string;
  email: string;
  role: Role;
  password_hash: string | null;
  created_at: number;
}

interface LinkRow {
  workspace_id: number;
  token_hash: string;
  user_id: string;
  expires_at: number;
}

interface SessionRow {
  workspace_id: number;
  session_hash: string;
  user_id: string;
  created_at: number;
  expires_at: number;
}

/** A live session with the user it belongs to. */
export type SessionUser = Pick<UserRow, "workspace_id" | "user_id" | "email" | "role">;

/** All SQL about users, their one-time links and their sessions. */
export interface UserStore {
  /** The user of an address in whichever workspace; the oldest workspace wins. */
  userByEmail(email: string): Promise<UserRow | undefined>;
  /** The user of an address in this workspace. */
  userOf(workspaceId: number, email: string): Promise<UserRow | undefined>;
  /** Adds a user unless the workspace has one of this address. */
  addUser(row: UserRow): Promise<void>;
  setPassword(user: UserRow, hash: string): Promise<void>;
  addLink(row: LinkRow): Promise<void>;
  /** Uses up a link: true for exactly one of those who try. */
  useLink(workspaceId: number, tokenHash: string, now: number): Promise<boolean>;
  linkUser(workspaceId: number, tokenHash: string): Promise<string | undefined>;
  addSession(row: SessionRow): Promise<void>;
  session(workspaceId: number, sessionHash: string, now: number): Promise<SessionUser | undefined>;
  endSession(workspaceId: number, sessionHash: string): Promise<void>;
  /** Drops links and sessions that have run out. */
  dropExpired(now: number): Promise<void>;
}

export function createUserStore(db: Db): UserStore {
  return {
    userByEmail: (email) =>
      db.get(sql`
        SELECT workspace_id, user_id, email, role, password_hash, created_at
        FROM users
        WHERE email = ${email}
        ORDER BY workspace_id
        LIMIT 1`),
    userOf: (workspaceId, email) =>
      db.get(sql`
        SELECT workspace_id, user_id, email, role, password_hash, created_at
        FROM users
        WHERE workspace_id = ${workspaceId} AND email = ${email}`),
    async addUser(row) {
      await db.run(sql`
        INSERT INTO users (workspace_id, user_id, email, role, password_hash, created_at)
        VALUES (${row.workspace_id}, ${row.user_id}, ${row.email}, ${row.role},
                ${row.password_hash}, ${row.created_at})
        ON CONFLICT (workspace_id, email) DO NOTHING`);
    },
    async setPassword(user, hash) {
      await db.run(sql`
        UPDATE users
        SET password_hash = ${hash}
        WHERE workspace_id = ${user.workspace_id} AND user_id = ${user.user_id}`);
    },
    async addLink(row) {
      await db.run(sql`
        INSERT INTO sign_in_links (workspace_id, token_hash, user_id, expires_at)
        VALUES (${row.workspace_id}, ${row.token_hash}, ${row.user_id}, ${row.expires_at})`);
    },
    async useLink(workspaceId, tokenHash, now) {
      const changes = await db.run(sql`
        UPDATE sign_in_links
        SET used_at = ${now}
        WHERE workspace_id = ${workspaceId} AND token_hash = ${tokenHash}
          AND used_at IS NULL AND expires_at > ${now}`);
      return changes > 0;
    },
    async linkUser(workspaceId, tokenHash) {
      const row = await db.get<{ user_id: string }>(sql`
        SELECT user_id
        FROM sign_in_links
        WHERE workspace_id = ${workspaceId} AND token_hash = ${tokenHash}`);
      return row?.user_id;
    },
    async addSession(row) {
      await db.run(sql`
        INSERT INTO user_sessions (workspace_id, session_hash, user_id, created_at, expires_at)
        VALUES (${row.workspace_id}, ${row.session_hash}, ${row.user_id}, ${row.created_at},
                ${row.expires_at})`);
    },
    session: (workspaceId, sessionHash, now) =>
      db.get(sql`
        SELECT u.workspace_id, u.user_id, u.email, u.role
        FROM user_sessions AS s
        JOIN users AS u ON u.workspace_id = s.workspace_id AND u.user_id = s.user_id
        WHERE s.workspace_id = ${workspaceId} AND s.session_hash = ${sessionHash}
          AND s.expires_at > ${now}`),
    async endSession(workspaceId, sessionHash) {
      await db.run(sql`
        DELETE FROM user_sessions
        WHERE workspace_id = ${workspaceId} AND session_hash = ${sessionHash}`);
    },
    async dropExpired(now) {
      await db.batch([
        sql`DELETE FROM user_sessions WHERE expires_at <= ${now}`,
        sql`DELETE FROM sign_in_links WHERE expires_at <= ${now}`,
      ]);
    },
  };
}
