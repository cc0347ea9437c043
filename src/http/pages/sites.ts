import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";
import { createSiteFromForm, emptySiteForm, type SiteForm } from "./site-form.ts";

/** `/sites`: where the script runs, and a tag for one more. */
export function createSitePages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();

  const showSites = async (req: Request, res: Response, form: SiteForm): Promise<void> => {
    const sites = await deps.listSites(signedInOf(res).caller.workspaceId);
    const view = { form, sites: sites.map((site) => ({ ...site, hosts: site.hosts.join(", ") })) };
    const status = form.error ? 422 : 200;
    show(req, res, { template: "sites", title: "Sites", current: "/sites", view, status });
  };

  router.get("/sites", gate, (req, res) => showSites(req, res, emptySiteForm()));

  router.post("/sites", gate, async (req, res) => {
    const form = await readSessionForm(req, res, deps.access);
    const made = await createSiteFromForm(deps, requireAdmin(res).caller.workspaceId, form);
    await showSites(req, res, made);
  });

  return router;
}
