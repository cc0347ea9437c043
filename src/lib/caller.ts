import type { RequestHandler, Response } from "express";
import { AppError } from "./errors.ts";

/** What a key may do. `admin` may do everything in its workspace. */
export type Scope = "rewrite" | "collect" | "read" | "admin";

/** Who sent a request, as `access/` found out. */
export interface Caller {
  readonly workspaceId: number;
  /** `secret`: an API key; `site`: a public site key, which only adds events; `user`: a signed-in page. */
  readonly kind: "secret" | "site" | "user";
  /** Id of the key, site or user: the `source_id` of its events, the actor of its audit entries. */
  readonly id: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** Makes the middleware of a route: 401 without a valid key, 403 without the scope. */
export type Authorize = (scope: Scope) => RequestHandler;

/** Keeps the caller of this request for its handlers. */
export function setCaller(res: Response, caller: Caller): void {
  res.locals["caller"] = caller;
}

/** The caller of this request; a route that forgot `authorize` fails here instead of serving anyone. */
export function callerOf(res: Response): Caller {
  const caller: unknown = res.locals["caller"];
  if (!caller) throw new AppError("unauthorized", 401, "This route needs a key.");
  return caller as Caller;
}
