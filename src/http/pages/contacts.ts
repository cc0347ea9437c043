import express, { type RequestHandler, type Router } from "express";
import type { ContactSummary } from "../../reports/store.ts";
import type { PageDeps } from "./deps.ts";
import { signedInOf } from "./session.ts";
import type { PageRequest, Show } from "./show.ts";

const PAGE_SIZE = 50;
const LONGEST_SEARCH = 200;

/** `/contacts`: everybody known, last active first, searched by address or id. */
export function createContactPages(deps: PageDeps, show: Show, gate: RequestHandler): Router {
  const router = express.Router();

  router.get("/contacts", gate, async (req, res) => {
    const { workspaceId } = signedInOf(res).caller;
    const q = textOf(req, "q").trim().slice(0, LONGEST_SEARCH);
    const cursor = textOf(req, "cursor") || undefined;
    const page = await deps.listContacts(workspaceId, { q, cursor, limit: PAGE_SIZE });
    const view = {
      q,
      contacts: page.contacts.map(toListed),
      nextHref: page.next === null ? "" : hrefOf(q, page.next),
      isFirst: cursor === undefined,
    };
    show(req, res, { template: "contacts", title: "Contacts", current: "/contacts", view });
  });

  return router;
}

/** A query parameter's text, `""` when it is missing or repeated. */
export function textOf(req: PageRequest, name: string): string {
  const value = req.query[name];
  return typeof value === "string" ? value : "";
}

/** What a person calls this contact. */
export function nameOf({ email, user_id, id }: ContactSummary): string {
  return email ?? user_id ?? `Visitor ${id.slice(-6)}`;
}

function toListed(contact: ContactSummary): object {
  return {
    ...contact,
    name: nameOf(contact),
    isKnown: contact.email !== null || contact.user_id !== null,
    href: `/contacts/${encodeURIComponent(contact.id)}`,
  };
}

function hrefOf(q: string, cursor: string): string {
  return `/contacts?${new URLSearchParams({ ...(q ? { q } : {}), cursor })}`;
}
