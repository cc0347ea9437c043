import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { actorOf } from "../../access/access.ts";
import type { LinkWithVersions } from "../../email/campaign-views.ts";
import { readCampaignChanges, readLinkChanges } from "../../email/routes-campaigns.ts";
import {
  readForm,
  type SettingsForm,
  stateOf,
  toChanges,
  toForm,
  toLinkChanges,
  withError,
} from "./campaign-form.ts";
import { textOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";

const PAGE_SIZE = 50;

interface CampaignPath {
  readonly [name: string]: string;
  readonly id: string;
}

interface LinkPath extends CampaignPath {
  readonly link: string;
}

/** A form that could not be saved, and whose it is: a link's by its index, or the campaign's. */
interface Failed {
  readonly of: number | "campaign";
  readonly form: SettingsForm;
}

/** `/campaigns` and `/campaigns/:id`: the links of mails that were sent, and what can still be changed. */
export function createCampaignPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();
  const { campaigns, access, now } = deps;

  router.get("/campaigns", gate, async (req, res) => {
    const { workspaceId } = signedInOf(res).caller;
    const cursor = textOf(req, "cursor") || undefined;
    const page = await campaigns.list(workspaceId, { limit: PAGE_SIZE, cursor });
    const view = {
      campaigns: page.campaigns.map((one) => ({
        ...one,
        href: hrefOf(one.id),
        state: stateOf(one, now()),
      })),
      nextHref:
        page.next === null ? "" : `/campaigns?${new URLSearchParams({ cursor: page.next })}`,
      isFirst: cursor === undefined,
    };
    show(req, res, { template: "campaigns", title: "Campaigns", current: "/campaigns", view });
  });

  async function showCampaign(
    req: Request<CampaignPath>,
    res: Response,
    failed?: Failed,
  ): Promise<void> {
    const { workspaceId, scopes, id: visitorId } = signedInOf(res).caller;
    const campaign = await campaigns.get(workspaceId, req.params.id);
    const links = await campaigns.links(workspaceId, campaign.id);
    const changed = links.filter(({ version }) => version > 0);
    const histories = await Promise.all(
      changed.map(({ index }) => campaigns.link(workspaceId, campaign.id, String(index))),
    );
    const versionsOf = new Map(histories.map(({ index, versions }) => [index, versions]));
    const formOf = (of: Failed["of"], form: SettingsForm) =>
      failed?.of === of ? failed.form : form;
    const view = {
      campaign: { ...campaign, href: hrefOf(campaign.id), state: stateOf(campaign, now()) },
      form: formOf("campaign", toForm(campaign)),
      isAdmin: scopes.has("admin"),
      links: links.map((link) => ({
        ...link,
        position: link.index + 1,
        prefix: `link-${link.index}`,
        title: link.name ?? link.text,
        isEdited: link.destination !== link.url,
        state: stateOf(link, now()),
        form: formOf(link.index, toForm(link, link.destination)),
        isOpen: failed?.of === link.index,
        versions: (versionsOf.get(link.index) ?? []).map((one) => describeVersion(one, visitorId)),
      })),
    };
    const title = campaign.name;
    const status = failed ? 422 : 200;
    show(req, res, { template: "campaign", title, current: "/campaigns", view, status });
  }

  router.get("/campaigns/:id", gate, (req: Request<CampaignPath>, res) => showCampaign(req, res));

  router.post("/campaigns/:id", gate, async (req: Request<CampaignPath>, res) => {
    const form = readForm(await readSessionForm(req, res, access));
    const { caller } = requireAdmin(res);
    try {
      const changes = readCampaignChanges(toChanges(form));
      await campaigns.change(caller.workspaceId, req.params.id, changes, actorOf(caller));
    } catch (error) {
      return showCampaign(req, res, { of: "campaign", form: withError(form, error) });
    }
    res.redirect(303, hrefOf(req.params.id));
  });

  router.post("/campaigns/:id/links/:link", gate, async (req: Request<LinkPath>, res) => {
    const form = readForm(await readSessionForm(req, res, access));
    const { caller } = requireAdmin(res);
    const { id, link } = req.params;
    const { url, index } = await campaigns.link(caller.workspaceId, id, link);
    try {
      const changes = readLinkChanges(toLinkChanges(form, url));
      await campaigns.changeLink(caller.workspaceId, id, link, changes, actorOf(caller));
    } catch (error) {
      return showCampaign(req, res, { of: index, form: withError(form, error) });
    }
    res.redirect(303, `${hrefOf(id)}#link-${index}`);
  });

  return router;
}

function hrefOf(id: string): string {
  return `/campaigns/${encodeURIComponent(id)}`;
}

function describeVersion(
  { stopped, actor, ...version }: LinkWithVersions["versions"][number],
  visitorId: string,
) {
  const isVisitor = actor.kind === "user" && actor.id === visitorId;
  const other = actor.kind === "user" ? "another user" : `the API key ${actor.id}`;
  return { ...version, isStopped: stopped, by: isVisitor ? "you" : other };
}
