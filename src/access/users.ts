import { createHmac, timingSafeEqual } from "node:crypto";
import type { RecordAudit } from "../lib/audit.ts";
import type { Caller } from "../lib/caller.ts";
import type { Clock } from "../lib/clock.ts";
import { AppError } from "../lib/errors.ts";
import { createSecret } from "../lib/ids.ts";
import type { Keyring } from "../lib/keyring.ts";
import { normalizeEmail } from "../lib/refs.ts";
import { hashSecret, SCOPES } from "./api-keys.ts";
import { DEFAULT_WORKSPACE_ID } from "./directory.ts";
import { hashPassword, verifyPassword } from "./passwords.ts";
import type { Role, SessionUser, UserRow, UserStore } from "./store-users.ts";
import type { Throttle } from "./throttle.ts";

/** A signed-in person. */
export interface SignedIn {
  caller: Caller;
  email: string;
  /** To be sent back with every form of this session. */
  csrfToken: string;
}

/** People: how they sign in, and how their session is known again. */
export interface Users {
  /** Adds the user unless this workspace has one of this address, and returns it. */
  ensureUser(workspaceId: number, email: string, role: Role): Promise<UserRow>;
  /** Makes this address an admin of the default workspace with this password. */
  ensureAdmin(email: string, password: string | undefined): Promise<void>;
  /** The token of a link that signs this user in once, within 15 minutes. */
  createSignInToken(user: UserRow): Promise<string>;
  /** Uses a link up: the new session's token, or undefined when it is used, old or unknown. */
  redeem(token: string): Promise<string | undefined>;
  /**
   * Checks a password: the new session's token, or undefined.
   *
   * @param ip the address that tries: guesses are slowed down by account and by address
   * @throws {AppError} `rate_limited` (429) while it has to wait
   */
  signIn(email: string, password: string, ip: string): Promise<string | undefined>;
  signedIn(sessionToken: string): Promise<SignedIn | undefined>;
  signOut(sessionToken: string): Promise<void>;
  isCsrfToken(sessionToken: string, csrfToken: string): boolean;
}

interface UsersDeps {
  store: UserStore;
  audit: RecordAudit;
  throttle: Throttle;
  keyring: Keyring;
  now: Clock;
  createId(): string;
}

/** How long a one-time link works. */
const LINK_MS = 15 * 60_000;
/** How long a session lasts, from signing in. */
export const SESSION_MS = 14 * 24 * 3_600_000;
const TOKEN_LENGTH = 32;

export function createUsers(deps: UsersDeps): Users {
  const { store, audit, throttle, now } = deps;
  const csrfKeys = deps.keyring.keysFor("csrf");

  async function startSession(workspaceId: number, userId: string, how: string): Promise<string> {
    const token = createToken(workspaceId);
    await store.dropExpired(now());
    await store.addSession({
      workspace_id: workspaceId,
      session_hash: hashSecret(token),
      user_id: userId,
      created_at: now(),
      expires_at: now() + SESSION_MS,
    });
    await audit(workspaceId, { kind: "user", id: userId }, "user.sign_in", userId, { how });
    return token;
  }

  async function ensureUser(workspaceId: number, email: string, role: Role): Promise<UserRow> {
    const address = normalizeEmail(email);
    const known = await store.userOf(workspaceId, address);
    if (known) return known;
    const user: UserRow = {
      workspace_id: workspaceId,
      user_id: deps.createId(),
      email: address,
      role,
      password_hash: null,
      created_at: now(),
    };
    await store.addUser(user);
    return (await store.userOf(workspaceId, address)) ?? user;
  }

  return {
    ensureUser,
    async ensureAdmin(email, password) {
      const user = await ensureUser(DEFAULT_WORKSPACE_ID, email, "admin");
      if (password === undefined) return;
      if (user.password_hash !== null && (await verifyPassword(password, user.password_hash)))
        return;
      await store.setPassword(user, await hashPassword(password));
    },
    async createSignInToken(user) {
      const token = createToken(user.workspace_id);
      await store.addLink({
        workspace_id: user.workspace_id,
        token_hash: hashSecret(token),
        user_id: user.user_id,
        expires_at: now() + LINK_MS,
      });
      return token;
    },
    async redeem(token) {
      const workspaceId = workspaceOf(token);
      if (workspaceId === undefined) return undefined;
      const hash = hashSecret(token);
      if (!(await store.useLink(workspaceId, hash, now()))) return undefined;
      const userId = await store.linkUser(workspaceId, hash);
      return userId && startSession(workspaceId, userId, "link");
    },
    async signIn(email, password, ip) {
      const address = normalizeEmail(email);
      const names = [`account ${address}`, `address ${ip}`];
      throttle.check(...names);
      // Counted before the answer is known, so that many tries at once don't slip through together.
      throttle.fail(...names);
      const user = await store.userByEmail(address);
      if (!(await verifyPassword(password, user?.password_hash ?? null)) || !user) return undefined;
      throttle.succeed(...names);
      return startSession(user.workspace_id, user.user_id, "password");
    },
    async signedIn(sessionToken) {
      const workspaceId = workspaceOf(sessionToken);
      if (workspaceId === undefined) return undefined;
      const user = await store.session(workspaceId, hashSecret(sessionToken), now());
      return user && toSignedIn(user, csrfTokenOf(csrfKeys.current.bytes, sessionToken));
    },
    async signOut(sessionToken) {
      const workspaceId = workspaceOf(sessionToken);
      if (workspaceId !== undefined) {
        await store.endSession(workspaceId, hashSecret(sessionToken));
      }
    },
    isCsrfToken: (sessionToken, csrfToken) =>
      csrfKeys.accepted.some(({ bytes }) => isEqual(csrfTokenOf(bytes, sessionToken), csrfToken)),
  };
}

/** The refusal of a form that did not come from one of our pages in this session. */
export function forgedForm(): AppError {
  return new AppError("forbidden", 403, "This form is not from a page of your session.", {
    hint: "Reload the page and send it again.",
  });
}

/** The workspace stands before the secret, so that every look-up stays within one workspace. */
function createToken(workspaceId: number): string {
  return `${workspaceId}.${createSecret(TOKEN_LENGTH)}`;
}

function workspaceOf(token: string): number | undefined {
  const [, id] = /^(\d{1,9})\.[0-9A-Za-z]{32}$/.exec(token) ?? [];
  return id === undefined ? undefined : Number(id);
}

function csrfTokenOf(key: Buffer, sessionToken: string): string {
  return createHmac("sha256", key).update(sessionToken).digest("base64url");
}

function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function toSignedIn(user: SessionUser, csrfToken: string): SignedIn {
  const scopes = new Set(user.role === "admin" ? SCOPES : (["read"] as const));
  return {
    caller: { workspaceId: user.workspace_id, kind: "user", id: user.user_id, scopes },
    email: user.email,
    csrfToken,
  };
}
