import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { AppError } from "../../lib/errors.ts";
import { validate } from "../../lib/validate.ts";
import { siteChangesSchema } from "../../site/routes.ts";
import { newPreviewSchema, newVersionSchema } from "../../site/routes-triggers.ts";
import { describeCondition, describeOn } from "../../site/triggers/describe.ts";
import type { TriggerVersion } from "../../site/triggers/store.ts";
import type { Author, TriggerDraft } from "../../site/triggers/triggers.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";
import { scriptTag } from "./site-form.ts";

interface SiteState {
  /** The link of a preview just made; empty without one. */
  readonly previewUrl: string;
  readonly page: string;
  readonly error: string;
  /** The tag with a key just made; empty without one. */
  readonly tag: string;
}

const UNTOUCHED: SiteState = { previewUrl: "", page: "", error: "", tag: "" };

const COLLECTS_TEXT = {
  everything: "everything: page views, automatic events and triggers",
  page_views: "page views alone",
  nothing: "nothing",
} as const;

/** A request for something of one site. */
type SiteRequest = Request<{ id: string }>;

/** `/sites/:id`: what its script collects, its triggers, their versions and their preview. */
export function createSitePage(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { triggers } = deps;

  const showSite = async (req: SiteRequest, res: Response, state: SiteState): Promise<void> => {
    const { workspaceId, scopes } = signedInOf(res).caller;
    const draft = await triggers.draft(workspaceId, req.params.id);
    const versions = await triggers.versions(workspaceId, req.params.id);
    show(req, res, {
      template: "site",
      title: draft.site.name,
      current: "/sites",
      view: { ...toView(draft, versions), ...state, isAdmin: scopes.has("admin") },
      status: state.error ? 422 : 200,
    });
  };

  /** Does what an admin's form asks for, and shows the page again. */
  const onForm = (
    path: string,
    act: (
      site: { workspaceId: number; id: string; by: Author },
      form: URLSearchParams,
    ) => Promise<Partial<SiteState> | undefined>,
  ): void => {
    router.post(path, gate, async (req: SiteRequest, res) => {
      const form = await readSessionForm(req, res, deps.access);
      const { caller, email } = requireAdmin(res);
      const { workspaceId } = caller;
      const { id } = req.params;
      const by = { kind: caller.kind, id: caller.id, name: email };
      const state = await act({ workspaceId, id, by }, form);
      if (!state) return res.redirect(303, `/sites/${encodeURIComponent(id)}`);
      await showSite(req, res, { ...UNTOUCHED, ...state });
    });
  };

  router.get("/sites/:id", gate, (req: SiteRequest, res) => showSite(req, res, UNTOUCHED));

  onForm("/sites/:id/collects", async ({ workspaceId, id, by }, form) => {
    const changes = validate(siteChangesSchema, { collects: form.get("collects") });
    await deps.updateSite(workspaceId, id, changes, by);
    return undefined;
  });

  onForm("/sites/:id/publish", async ({ workspaceId, id, by }, form) => {
    const { note } = validate(newVersionSchema, { note: form.get("note") ?? "" });
    await triggers.publish(workspaceId, id, note, by);
    return undefined;
  });

  onForm("/sites/:id/restore", async ({ workspaceId, id, by }, form) => {
    await triggers.restore(workspaceId, id, Number(form.get("version")), by);
    return undefined;
  });

  onForm("/sites/:id/preview", async ({ workspaceId, id }, form) => {
    const page = form.get("url")?.trim() ?? "";
    try {
      const asked = validate(newPreviewSchema, page === "" ? {} : { url: page });
      const { url } = await triggers.preview(workspaceId, id, asked.url);
      return { previewUrl: url, page };
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error;
      return { error: error.errors[0]?.message ?? error.message, page };
    }
  });

  onForm("/sites/:id/key", async ({ workspaceId, id }) => ({
    tag: scriptTag(deps, await deps.addSiteKey(workspaceId, id)),
  }));

  return router;
}

function toView(
  { site, draft, live, isChanged }: TriggerDraft,
  versions: readonly TriggerVersion[],
) {
  const { id, name, hosts, collects } = site;
  return {
    site: { id, name, hosts: hosts.join(", "), href: `/sites/${encodeURIComponent(id)}` },
    isStopped: collects !== "everything",
    stoppedTo: COLLECTS_TEXT[collects],
    choices: Object.entries(COLLECTS_TEXT).map(([value, text]) => ({
      value,
      text,
      isOn: value === collects,
    })),
    triggers: draft.map(({ trigger, changedAt, changedBy }) => ({
      id: trigger.id,
      name: trigger.name,
      enabled: trigger.enabled,
      on: describeOn(trigger.on),
      conditions: trigger.conditions.map(describeCondition),
      event: trigger.event,
      changed_at: new Date(changedAt).toISOString(),
      changed_by: changedBy,
    })),
    isChanged,
    liveVersion: live?.version ?? 0,
    versions: versions.map((version) => ({
      version: version.version,
      note: version.note,
      restores: version.restores ?? 0,
      at: new Date(version.publishedAt).toISOString(),
      by: version.publishedBy,
      names: version.triggers.map((trigger) => trigger.name).join(", "),
      count: version.triggers.length,
      isLive: version.version === live?.version,
    })),
  };
}
