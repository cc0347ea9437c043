import express, { type RequestHandler, type Response, type Router } from "express";
import { AppError } from "../../lib/errors.ts";
import { MAIL_FRAME_POLICY } from "../security.ts";
import { describeActivity } from "./activity.ts";
import type { LatestEvent, PageDeps, RewrittenMail } from "./deps.ts";
import { markChanges } from "./mark-changes.ts";
import { SAMPLE_CAMPAIGN, SAMPLE_MAIL } from "./sample-mail.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { PageRequest, Show } from "./show.ts";
import { createSiteFromForm, emptySiteForm, type SiteForm } from "./site-form.ts";

interface WelcomeState {
  mail: { html: string; campaign: string; error: string };
  report: object | null;
  siteForm: SiteForm;
}

/** How far back the checks look: enough to find the first click after a noisy start. */
const RECENT = 200;
const SHOWN = 8;

const UNTOUCHED = (): WelcomeState => ({
  mail: { html: "", campaign: "My first campaign", error: "" },
  report: null,
  siteForm: emptySiteForm(),
});

/** `/welcome`: three checks that tick themselves as the reader tries the product. */
export function createWelcomePages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();

  const showWelcome = async (
    req: PageRequest,
    res: Response,
    state: WelcomeState,
    status = 200,
  ): Promise<void> => {
    const { workspaceId } = signedInOf(res).caller;
    const events = await deps.latestEvents(workspaceId, 0, RECENT);
    const you = `/contacts/${encodeURIComponent(signedInOf(res).caller.id)}`;
    const view = { ...state, ...checksOf(events, state), you };
    show(req, res, {
      template: "welcome",
      title: "Get started",
      current: "/welcome",
      view,
      status,
    });
  };

  router.get("/welcome", gate, (req, res) => showWelcome(req, res, UNTOUCHED()));

  router.get("/welcome/sample", gate, async (_req, res) => {
    const { caller, email } = signedInOf(res);
    const { html } = await deps.rewriteMail(caller.workspaceId, {
      html: SAMPLE_MAIL,
      campaign: SAMPLE_CAMPAIGN,
      contact: { id: caller.id, email },
      // The same message however often the page is looked at: one `sent` on the trail.
      message_id: `welcome-${caller.id}`,
    });
    res.set("Content-Security-Policy", MAIL_FRAME_POLICY).type("html").send(html);
  });

  router.post("/welcome/rewrite", gate, async (req, res) => {
    const form = await readSessionForm(req, res, deps.access);
    const html = form.get("html") ?? "";
    const campaign = (form.get("campaign") ?? "").trim();
    const state = { ...UNTOUCHED(), mail: { html, campaign, error: "" } };
    try {
      const { workspaceId } = requireAdmin(res).caller;
      const rewritten = await rewriteForm(deps, workspaceId, html, campaign);
      await showWelcome(req, res, { ...state, report: toReport(html, rewritten) });
    } catch (error) {
      if (!isInputError(error)) throw error;
      state.mail.error = error.errors[0]?.message ?? error.message;
      await showWelcome(req, res, state, error.status);
    }
  });

  router.post("/welcome/site", gate, async (req, res) => {
    const form = await readSessionForm(req, res, deps.access);
    const siteForm = await createSiteFromForm(deps, requireAdmin(res).caller.workspaceId, form);
    await showWelcome(req, res, { ...UNTOUCHED(), siteForm }, siteForm.error ? 422 : 200);
  });

  return router;
}

async function rewriteForm(
  deps: PageDeps,
  workspaceId: number,
  html: string,
  campaign: string,
): Promise<RewrittenMail> {
  if (html.trim() === "") {
    throw new AppError("invalid_body", 422, "Paste the full HTML of an email.");
  }
  if (campaign === "") throw new AppError("invalid_body", 422, "Give the campaign a name.");
  return deps.rewriteMail(workspaceId, { html, campaign });
}

/** What the person who filled the form can put right. */
function isInputError(error: unknown): error is AppError {
  return error instanceof AppError && [400, 413, 422].includes(error.status);
}

function toReport(html: string, rewritten: RewrittenMail): object {
  const marked = markChanges(html, rewritten.html);
  return {
    html: rewritten.html,
    links: rewritten.links.map((link) => ({
      url: link.url,
      position: link.index + 1,
      name: link.name || link.text,
    })),
    skipped: rewritten.skipped,
    warnings: rewritten.warnings.map(({ message }) => message),
    before: marked.before,
    after: marked.after,
  };
}

function checksOf(events: readonly LatestEvent[], state: WelcomeState): object {
  const activities = events.map(describeActivity);
  const isOwnMail = ({ type, properties }: LatestEvent): boolean =>
    type === "rewrite" && properties["campaign"] !== SAMPLE_CAMPAIGN;
  return {
    since: events[0]?.seq ?? 0,
    clicks: activities.filter(({ kind }) => kind === "click").slice(0, SHOWN),
    siteEvents: activities.filter(({ kind }) => kind === "site").slice(0, SHOWN),
    isRewritten: state.report !== null || events.some(isOwnMail),
  };
}
