import type { IncomingMessage } from "node:http";
import type { RequestHandler, Response } from "express";
import type { Access } from "../../access/access.ts";
import { readCookie } from "../../access/cookies.ts";
import { isSameOrigin } from "../../access/same-origin.ts";
import { forgedForm, SESSION_MS, type SignedIn } from "../../access/users.ts";
import { AppError } from "../../lib/errors.ts";
import { readBody } from "../../lib/read-body.ts";

/** A form with a whole mail in it: 5 MB, each character up to three when encoded. */
const FORM_LIMIT = 16_000_000;

interface PageSession {
  token: string;
  signedIn: SignedIn;
}

/** Sends strangers to the sign-in page and back afterwards; keeps who it is for the page. */
export function createSignInGate(access: Pick<Access, "users" | "cookie">): RequestHandler {
  return async (req, res, next) => {
    const session = await findSession(req, access);
    if (!session) {
      const back = req.method === "GET" ? req.originalUrl : "/";
      return res.redirect(303, `/sign-in?next=${encodeURIComponent(back)}`);
    }
    res.locals["session"] = session;
    res.set("Cache-Control", "no-store");
    next();
  };
}

/** Lets everybody in, but knows those who are signed in: for public pages. */
export function createWelcomingGate(access: Pick<Access, "users" | "cookie">): RequestHandler {
  return async (req, res, next) => {
    // Public pages stay readable while the database is away.
    const session = await findSession(req, access).catch(() => undefined);
    if (session) res.locals["session"] = session;
    next();
  };
}

async function findSession(
  req: IncomingMessage,
  { users, cookie }: Pick<Access, "users" | "cookie">,
): Promise<PageSession | undefined> {
  const token = cookie.read(req.headers.cookie);
  const signedIn = token === undefined ? undefined : await users.signedIn(token);
  return token === undefined || !signedIn ? undefined : { token, signedIn };
}

/** Who looks at this page; a page without the gate fails here. */
export function signedInOf(res: Response): SignedIn {
  return sessionOf(res).signedIn;
}

/** Who looks at this page, or null on a public one. */
export function visitorOf(res: Response): SignedIn | null {
  return res.locals["session"] ? sessionOf(res).signedIn : null;
}

/** What a page may change is the admin's. @throws {AppError} `forbidden` (403) for a viewer */
export function requireAdmin(res: Response): SignedIn {
  const signedIn = signedInOf(res);
  if (signedIn.caller.scopes.has("admin")) return signedIn;
  throw new AppError("forbidden", 403, "Your account may look at things, but not change them.");
}

/**
 * Reads a form of a signed-in page.
 *
 * @throws {AppError} `forbidden` (403) unless it comes from our origin with this session's token
 */
export async function readSessionForm(
  req: IncomingMessage,
  res: Response,
  { users, baseUrl }: Pick<Access, "users" | "baseUrl">,
): Promise<URLSearchParams> {
  const form = await readForm(req, baseUrl);
  if (!users.isCsrfToken(sessionOf(res).token, form.get("csrf") ?? "")) throw forgedForm();
  return form;
}

/** Reads a form of a public page. @throws {AppError} `forbidden` (403) when it is from elsewhere */
export async function readForm(req: IncomingMessage, baseUrl: string): Promise<URLSearchParams> {
  if (!isSameOrigin(req.headers, baseUrl)) throw forgedForm();
  const body = await readBody(req, { limit: FORM_LIMIT, what: "This form" });
  return new URLSearchParams(body.toString("utf8"));
}

/** Keeps a new session in the browser. */
export function startSession(res: Response, cookie: Access["cookie"], token: string): void {
  res.append("Set-Cookie", cookie.write(token, SESSION_MS / 1000));
}

/** Keeps a harmless choice of how pages look for a year; readable by nobody but us. */
export function rememberChoice(res: Response, name: string, value: string): void {
  const attributes = "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax";
  res.append("Set-Cookie", `clicktrail_${name}=${encodeURIComponent(value)}; ${attributes}`);
}

/** A choice kept earlier, or undefined. */
export function choiceOf(req: Pick<IncomingMessage, "headers">, name: string): string | undefined {
  const value = readCookie(req.headers.cookie, `clicktrail_${name}`);
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function sessionOf(res: Response): PageSession {
  const session: unknown = res.locals["session"];
  if (!session) throw new Error("This page needs the sign-in gate.");
  return session as PageSession;
}
