import type { RequestHandler } from "express";
import type { Db } from "../db/db.ts";
import type { Actor, RecordAudit } from "../lib/audit.ts";
import type { Authorize, Caller } from "../lib/caller.ts";
import type { Clock } from "../lib/clock.ts";
import type { Keyring } from "../lib/keyring.ts";
import type { Refs } from "../lib/refs.ts";
import { createAuthorize } from "./authorize.ts";
import { createSessionCookie, type SessionCookie } from "./cookies.ts";
import {
  createDirectory,
  DEFAULT_WORKSPACE_ID,
  type EnvironmentKeys,
  notReady,
} from "./directory.ts";
import { createKeys, type Keys } from "./keys.ts";
import { createKeyRateLimit } from "./rate-limit.ts";
import { createAccessStore } from "./store.ts";
import { type AuditLog, createAuditLog } from "./store-audit.ts";
import { createUserStore } from "./store-users.ts";
import { createThrottle } from "./throttle.ts";
import { createKeyUsage } from "./usage.ts";
import { createUsers, type Users } from "./users.ts";
import { findWorkspaceId } from "./workspaces.ts";

export interface AccessDeps {
  db: Db;
  now: Clock;
  /** A fresh time-ordered id: `() => createId(now())`. */
  createId(): string;
  keyring: Keyring;
  /** The public address; decides whether cookies are `Secure`. */
  baseUrl: string;
  environmentKeys: EnvironmentKeys;
  /** ADMIN_EMAIL and ADMIN_PASSWORD, where set. */
  admin?: { email: string; password?: string | undefined } | undefined;
  /** Told of each failed refresh; the old copy stays in use. */
  onError(error: unknown): void;
}

/** Who may do what. Keys and references are answered from memory, people from the database. */
export interface Access extends Keys {
  /** Reads keys and workspaces, makes the default workspace and the admin. Survives a missing database. */
  start(): Promise<void>;
  stop(): void;
  authorize: Authorize;
  /** Limits secret keys to 1,000 requests a second: mount it before the API. */
  rateLimit: RequestHandler;
  /**
   * The caller of a key, by hash, never by its form; undefined when unknown, expired or revoked.
   *
   * @throws {AppError} `not_ready` (503) for a key that may turn out to be known after the first load
   */
  findKey(key: string): Caller | undefined;
  /** @throws {AppError} `not_ready` (503) before the first load */
  refsOf(workspaceId: number): Refs;
  /**
   * The id of a workspace by its id, slug or name.
   *
   * @throws {AppError} `not_found` where none, `invalid_query` where several are called that
   */
  findWorkspace(given: string): Promise<number>;
  /** The ids of all. */
  listWorkspaces(): Promise<number[]>;
  /**
   * A path that signs an admin of a workspace in, once, within 15 minutes: `/welcome?t=…`. Without
   * an address: the admin of ADMIN_EMAIL, or a nameless one; without a workspace: the default one.
   */
  createSignInPath(email?: string, workspaceId?: number): Promise<string>;
  users: Users;
  cookie: SessionCookie;
  recordAudit: RecordAudit;
  auditLog: AuditLog;
  /** The public address, against which the origin of forms is checked. */
  baseUrl: string;
}

/** The address of the admin of a fresh installation that names none. */
const LOCAL_ADMIN = "admin@localhost";

export function createAccess(deps: AccessDeps): Access {
  const { db, now, createId, keyring, baseUrl, onError, admin } = deps;
  const store = createAccessStore(db);
  const auditLog = createAuditLog(db, now, createId);
  const audit = auditLog.record;
  const { environmentKeys } = deps;
  const directory = createDirectory({ store, now, environmentKeys, onError });
  const usage = createKeyUsage(store, now, onError);
  const cookie = createSessionCookie(baseUrl);
  const users = createUsers({
    store: createUserStore(db),
    audit,
    throttle: createThrottle(now),
    keyring,
    now,
    createId,
  });

  return {
    ...createKeys({ store, directory, audit, now }),
    async start() {
      await directory.start();
      usage.start();
      if (admin) await users.ensureAdmin(admin.email, admin.password).catch(onError);
    },
    stop() {
      directory.stop();
      usage.stop();
    },
    authorize: createAuthorize({ directory, users, cookie, baseUrl, used: usage.note }),
    rateLimit: createKeyRateLimit(directory.findKey),
    findKey(key) {
      const caller = directory.findKey(key);
      // Clients drop an event that met a 401; they send it again after a 503.
      if (!caller && !directory.isLoaded()) throw notReady();
      return caller;
    },
    refsOf: directory.refsOf,
    listWorkspaces: async () => (await store.workspaces()).map(({ workspace_id }) => workspace_id),
    findWorkspace: async (given) => findWorkspaceId(await store.workspaces(), given),
    async createSignInPath(
      email = admin?.email ?? LOCAL_ADMIN,
      workspaceId = DEFAULT_WORKSPACE_ID,
    ) {
      const user = await users.ensureUser(workspaceId, email, "admin");
      return `/welcome?t=${await users.createSignInToken(user)}`;
    },
    users,
    cookie,
    recordAudit: audit,
    auditLog,
    baseUrl,
  };
}

/** Who an audit entry of this caller's request names. */
export function actorOf({ kind, id }: Caller): Actor {
  return { kind, id };
}
