import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import {
  CHANNELS,
  type Consent,
  type ConsentChanges,
  MODES,
  type Mode,
} from "../../contacts/privacy/consent.ts";
import { AppError } from "../../lib/errors.ts";
import { sendPieces } from "../../lib/send-pieces.ts";
import { nameOf } from "./contacts.ts";
import type { PageDeps } from "./deps.ts";
import { readSessionForm, requireAdmin, signedInOf } from "./session.ts";
import type { Show } from "./show.ts";

type ById = Request<{ id: string }>;

/** A page waits so long for an erasure, then shows how far it is. */
const WAIT_MS = 5000;
const LONGEST_SOURCE = 300;

const CHANNEL_TEXT: Record<keyof Consent, string> = {
  clicks: "Clicks",
  opens: "Opens",
  site: "On the site",
};

const MODE_TEXT: Record<Mode, string> = {
  individual: "by name",
  aggregate: "only as a count",
  none: "not at all",
};

/** `/contacts/:id/privacy`: what a contact allows, all that is known of it, and its erasure. */
export function createContactPrivacyPages(
  deps: PageDeps,
  show: Show,
  gate: RequestHandler,
): Router {
  const router = express.Router();

  const showPrivacy = async (req: ById, res: Response, error = ""): Promise<void> => {
    const { caller } = signedInOf(res);
    const contact = await findContact(deps, caller.workspaceId, req.params.id);
    const { consent, log } = await deps.privacy.readConsent(caller.workspaceId, contact.id);
    const view = {
      contact,
      error,
      name: nameOf(contact),
      typed: confirmationOf(contact),
      href: `/contacts/${encodeURIComponent(contact.id)}`,
      isAdmin: caller.scopes.has("admin"),
      channels: CHANNELS.map((channel) => ({
        channel,
        label: CHANNEL_TEXT[channel],
        modes: MODES.map((mode) => ({
          mode,
          text: MODE_TEXT[mode],
          isOn: consent[channel] === mode,
        })),
      })),
      log: log.map((entry) => ({ ...entry, summary: summarizeConsent(entry) })).reverse(),
    };
    const title = `${nameOf(contact)}, privacy`;
    const status = error === "" ? 200 : 422;
    show(req, res, { template: "contact-privacy", title, current: "/contacts", view, status });
  };

  router.get("/contacts/:id/privacy", gate, (req: ById, res) => showPrivacy(req, res));

  router.get("/contacts/:id/export", gate, async (req: ById, res) => {
    const { workspaceId } = signedInOf(res).caller;
    const pieces = await deps.privacy.exportContact(workspaceId, req.params.id);
    res.type("json").attachment("contact.json");
    await sendPieces(res, pieces);
  });

  router.post("/contacts/:id/consent", gate, async (req: ById, res) => {
    const form = await readSessionForm(req, res, deps.access);
    const { workspaceId, kind, id } = requireAdmin(res).caller;
    const contact = await findContact(deps, workspaceId, req.params.id);
    await deps.privacy.changeConsent(workspaceId, contact.id, readChanges(form), { kind, id });
    res.redirect(303, `/contacts/${encodeURIComponent(contact.id)}/privacy`);
  });

  router.post("/contacts/:id/erase", gate, async (req: ById, res) => {
    const form = await readSessionForm(req, res, deps.access);
    const { workspaceId, kind, id } = requireAdmin(res).caller;
    const contact = await findContact(deps, workspaceId, req.params.id);
    const expected = confirmationOf(contact);
    if (form.get("confirm")?.trim() !== expected) {
      return showPrivacy(req, res, `Nothing was erased: type exactly ${expected} to confirm.`);
    }
    const begun = await deps.privacy.erasures.request(workspaceId, contact.id, { kind, id });
    await deps.privacy.erasures.waitFor(workspaceId, begun.id, WAIT_MS);
    res.redirect(303, `/erasures/${begun.id}`);
  });

  router.get("/erasures/:id", gate, async (req: ById, res) => {
    const { caller } = signedInOf(res);
    const erasure = await deps.privacy.erasures.status(caller.workspaceId, req.params.id);
    const view = {
      erasure,
      isFinished: erasure.state === "finished",
      percent: Math.floor(erasure.progress * 100),
      href: `/erasures/${erasure.id}`,
    };
    show(req, res, { template: "erasure", title: "Erasure", current: "/contacts", view });
  });

  return router;
}

/** A consent in words: what is kept by name, as a count, not at all. */
export function summarizeConsent(consent: Consent): string {
  return CHANNELS.map(
    (channel) => `${CHANNEL_TEXT[channel].toLowerCase()} ${MODE_TEXT[consent[channel]]}`,
  ).join(", ");
}

/** What is typed to erase a contact: what its page is headed with, or its id where it has no name. */
function confirmationOf({
  email,
  user_id,
  id,
}: {
  readonly email: string | null;
  readonly user_id: string | null;
  readonly id: string;
}): string {
  return user_id ?? email ?? id;
}

async function findContact({ findContact: find }: PageDeps, workspaceId: number, id: string) {
  const contact = await find(workspaceId, id);
  if (contact) return contact;
  throw new AppError("not_found", 404, "There is no such contact.");
}

function readChanges(form: URLSearchParams): ConsentChanges {
  const source = (form.get("source") ?? "").trim().slice(0, LONGEST_SOURCE);
  const modeOf = (channel: string): Mode => {
    const mode = MODES.find((known) => known === form.get(channel));
    if (mode) return mode;
    throw new AppError("invalid_body", 422, `Choose one of ${MODES.join(", ")} for ${channel}.`);
  };
  return {
    clicks: modeOf("clicks"),
    opens: modeOf("opens"),
    site: modeOf("site"),
    ...(source === "" ? {} : { source }),
  };
}
