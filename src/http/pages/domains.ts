import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { actorOf } from "../../access/access.ts";
import { AppError } from "../../lib/errors.ts";
import { recordTypeOf } from "../../tracking/check-domain.ts";
import { describeDomain } from "../../tracking/routes-domains.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";

interface DomainForm {
  readonly host: string;
  readonly error: string;
}

const EMPTY: DomainForm = { host: "", error: "" };

interface HostPath {
  readonly [name: string]: string;
  readonly host: string;
}

/** `/settings/domains`: the hosts of one's own that links can stand on. */
export function createDomainPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { domains, access } = deps;

  function showDomains(req: Request<Record<string, string>>, res: Response, form: DomainForm) {
    const { workspaceId, scopes } = signedInOf(res).caller;
    const view = {
      form,
      target: domains.target,
      recordType: recordTypeOf(domains.target),
      isAdmin: scopes.has("admin"),
      domains: domains.list(workspaceId).map(toRow),
    };
    const status = form.error ? 422 : 200;
    const title = "Tracking domains";
    show(req, res, { template: "domains", title, current: "/settings", view, status });
  }

  router.get("/settings/domains", gate, (req: Request<Record<string, string>>, res) => {
    showDomains(req, res, EMPTY);
  });

  router.post("/settings/domains", gate, async (req: Request<Record<string, string>>, res) => {
    const typed = (await readSessionForm(req, res, access)).get("host") ?? "";
    const { caller } = requireAdmin(res);
    try {
      await domains.add(caller.workspaceId, typed, actorOf(caller));
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      const message = error.errors[0]?.message ?? error.message;
      return showDomains(req, res, { host: typed, error: message });
    }
    res.redirect(303, "/settings/domains");
  });

  const change = (path: string, work: (host: string, res: Response) => Promise<unknown>) => {
    router.post(path, gate, async (req: Request<HostPath>, res) => {
      await readSessionForm(req, res, access);
      await work(req.params.host, res);
      res.redirect(303, "/settings/domains");
    });
  };
  change("/settings/domains/:host/check", (host, res) =>
    domains.check(requireAdmin(res).caller.workspaceId, host),
  );
  change("/settings/domains/:host/default", (host, res) => {
    const { caller } = requireAdmin(res);
    const { isDefault } = domains.get(caller.workspaceId, host);
    return domains.setDefault(caller.workspaceId, host, !isDefault, actorOf(caller));
  });
  change("/settings/domains/:host/remove", (host, res) => {
    const { caller } = requireAdmin(res);
    return domains.remove(caller.workspaceId, host, actorOf(caller));
  });

  return router;
}

function toRow(domain: Parameters<typeof describeDomain>[0]) {
  const { status, problem, default: isDefault, ...row } = describeDomain(domain);
  return {
    ...row,
    status,
    isDefault,
    isVerified: status === "verified",
    problem: problem?.message ?? "",
    href: `/settings/domains/${encodeURIComponent(domain.host)}`,
  };
}
