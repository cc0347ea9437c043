import express, { type Request, type RequestHandler, type Router } from "express";
import type { Access } from "../../access/access.ts";
import { safeNextPath } from "../../access/same-origin.ts";
import { AppError } from "../../lib/errors.ts";
import { THEMES } from "../shell.ts";
import { readForm, readSessionForm, rememberChoice, startSession } from "./session.ts";
import type { Show } from "./show.ts";

const LINK_IS_OVER =
  "This sign-in link was used before, or it is over 15 minutes old. " +
  "Get a new one with: clicktrail users reset-password";
const WRONG = "The email address or the password is wrong.";

/** `/sign-in`, `/sign-out`, one-time links, and the light switch, which strangers have too. */
export function createSignInPages(access: Access, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { users, cookie, baseUrl } = access;

  router.get(["/sign-in", "/welcome"], createLinkLanding(access));

  router.get("/sign-in", (req, res) => {
    const error = req.query["link"] === "over" ? LINK_IS_OVER : "";
    show(req, res, signInPage({ next: safeNextPath(req.query["next"]), email: "", error }));
  });

  router.post("/sign-in", async (req, res) => {
    const form = await readForm(req, baseUrl);
    const email = form.get("email") ?? "";
    const next = safeNextPath(form.get("next"));
    try {
      const token = await users.signIn(email, form.get("password") ?? "", req.ip ?? "");
      if (token !== undefined) {
        startSession(res, cookie, token);
        return res.redirect(303, next);
      }
      show(req, res, { ...signInPage({ next, email, error: WRONG }), status: 401 });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "rate_limited") throw error;
      res.set("Retry-After", String(error.retryAfterS));
      show(req, res, { ...signInPage({ next, email, error: error.message }), status: 429 });
    }
  });

  router.post("/sign-out", gate, async (req, res) => {
    await readSessionForm(req, res, access);
    await users.signOut(cookie.read(req.headers.cookie) ?? "");
    res.append("Set-Cookie", cookie.write("", 0));
    res.redirect(303, "/sign-in");
  });

  router.post("/theme", async (req, res) => {
    const form = await readForm(req, baseUrl);
    const theme = THEMES.find((name) => name === form.get("theme"));
    if (theme) rememberChoice(res, "theme", theme);
    res.redirect(303, safeNextPath(form.get("next")));
  });

  return router;
}

/** Uses up `?t=…` and goes on without it, so that it stays in no history. */
function createLinkLanding({ users, cookie }: Access): RequestHandler {
  return async (req, res, next) => {
    const token = req.query["t"];
    if (typeof token !== "string") return next();
    // A browser that fetches ahead must not use the link up before its reader does.
    if (isPrefetch(req)) throw new AppError("not_ready", 503, "Open this link yourself.");
    const session = await users.redeem(token);
    if (session === undefined) return res.redirect(303, "/sign-in?link=over");
    startSession(res, cookie, session);
    res.redirect(303, "/welcome");
  };
}

function isPrefetch(req: Request): boolean {
  const purpose = `${req.get("sec-purpose") ?? ""} ${req.get("purpose") ?? ""}`;
  return req.method === "HEAD" || /prefetch|preview/i.test(purpose);
}

function signInPage(view: { next: string; email: string; error: string }) {
  return { template: "sign-in", title: "Sign in", view };
}
