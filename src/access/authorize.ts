import type { Request, RequestHandler, Response } from "express";
import { type Authorize, type Caller, type Scope, setCaller } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import { presentedKey } from "./api-keys.ts";
import type { SessionCookie } from "./cookies.ts";
import { type Directory, notReady } from "./directory.ts";
import { isSameOrigin } from "./same-origin.ts";
import { forgedForm, type Users } from "./users.ts";

interface AuthorizeDeps {
  directory: Directory;
  users: Users;
  cookie: SessionCookie;
  baseUrl: string;
  /** Told of every use of a key, for its `last_used_at`. */
  used(caller: Caller): void;
}

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Makes `authorize(scope)`: finds the caller by key or, for our own pages, by session.
 *
 * A session may change something only from our own origin and with its token in `X-CSRF-Token`.
 */
export function createAuthorize(deps: AuthorizeDeps): Authorize {
  const callerBySession = async (req: Request): Promise<Caller> => {
    const token = deps.cookie.read(req.headers.cookie);
    const signedIn = token === undefined ? undefined : await deps.users.signedIn(token);
    if (token === undefined || !signedIn) throw noKey();
    if (!SAFE_METHODS.has(req.method)) {
      const csrfToken = req.get("x-csrf-token") ?? "";
      const isOurs = isSameOrigin(req.headers, deps.baseUrl);
      if (!isOurs || !deps.users.isCsrfToken(token, csrfToken)) throw forgedForm();
    }
    return signedIn.caller;
  };

  const callerByKey = (key: string): Caller => {
    const caller = deps.directory.findKey(key);
    if (!caller) throw deps.directory.isLoaded() ? unknownKey() : notReady();
    deps.used(caller);
    return caller;
  };

  return (scope): RequestHandler =>
    (req, res, next) => {
      const key = presentedKey(req.headers.authorization);
      if (key !== undefined) return admit(callerByKey(key), scope, res, next);
      return callerBySession(req).then((caller) => admit(caller, scope, res, next));
    };
}

function admit(caller: Caller, scope: Scope, res: Response, next: () => void): void {
  if (!caller.scopes.has(scope) && !caller.scopes.has("admin")) throw lacks(caller, scope);
  setCaller(res, caller);
  next();
}

function lacks(caller: Caller, scope: Scope): AppError {
  if (caller.kind === "site") {
    return new AppError("forbidden", 403, "A site key only adds events.", {
      hint: `Use an API key with the scope \`${scope}\` here, and keep it off public pages.`,
    });
  }
  const who = caller.kind === "user" ? "Your account" : "This API key";
  return new AppError("forbidden", 403, `${who} lacks the scope \`${scope}\`.`, {
    hint: `Use a key with the scope \`${scope}\` or \`admin\`.`,
  });
}

function noKey(): AppError {
  return new AppError("unauthorized", 401, "No API key was sent.", {
    hint:
      "Send it as `Authorization: Bearer …`. " +
      "Create one with `clicktrail keys create` or in Settings > Keys.",
  });
}

function unknownKey(): AppError {
  return new AppError("unauthorized", 401, "This API key is unknown, expired or was revoked.", {
    hint: "Create one with `clicktrail keys create` or in Settings > Keys.",
  });
}
