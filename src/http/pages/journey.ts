import express, { type Request, type RequestHandler, type Router } from "express";
import { AppError } from "../../lib/errors.ts";
import { summarizeConsent } from "./contact-privacy.ts";
import { nameOf, textOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { layOutTrail } from "./journey-view.ts";
import { signedInOf } from "./session.ts";
import { type Show, zoneOf } from "./show.ts";

const PAGE_SIZE = 50;

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

/** `/contacts/:id`: what one contact did, from mail to site, newest first. */
export function createJourneyPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();

  router.get("/contacts/:id", gate, async (req: Request<{ id: string }>, res) => {
    const { workspaceId } = signedInOf(res).caller;
    const contact = await deps.findContact(workspaceId, req.params.id);
    if (!contact) throw unknownContact();
    const everything = textOf(req, "traffic") === "all";
    const cursor = textOf(req, "cursor") || undefined;
    const page = await deps.readJourney(workspaceId, contact.id, {
      limit: PAGE_SIZE,
      cursor,
      verdicts: everything ? undefined : ["human"],
    });
    if (!page) throw unknownContact();
    const { consent } = await deps.privacy.readConsent(workspaceId, contact.id);
    const zone = zoneOf(req, res);
    const href = `/contacts/${encodeURIComponent(contact.id)}`;
    const name = nameOf(contact);
    const view = {
      name,
      contact,
      href,
      consent: summarizeConsent(consent),
      everything,
      zones: ZONES.map((zoneName) => ({ zoneName, isOn: zoneName === zone })),
      days: layOutTrail(page.entries, zone, deps.signalTexts),
      isEmpty: page.entries.length === 0,
      hasSiteEvents: page.entries.some(({ source }) => source === "site" || source === "server"),
      isFirst: cursor === undefined,
      nextHref: page.next === null ? "" : hrefOf(href, everything, page.next),
    };
    show(req, res, { template: "journey", title: name, current: "/contacts", view });
  });

  return router;
}

function unknownContact(): AppError {
  return new AppError("not_found", 404, "There is no such contact.");
}

function hrefOf(path: string, everything: boolean, cursor: string): string {
  return `${path}?${new URLSearchParams({ ...(everything ? { traffic: "all" } : {}), cursor })}`;
}
