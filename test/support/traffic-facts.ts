import { createEvent, type EventRow } from "../../src/log/event.ts";
import type { CaseHit, CaseMail, TrafficCase } from "./traffic-cases.ts";

/** The start of a send in tests that go through the log: 2 March 2026, 09:00 UTC. */
const SENT_AT = Date.UTC(2026, 2, 2, 9);

/** A fact of a workspace, with what the test doesn't care about filled in. */
export function fact(
  workspaceId: number,
  id: string,
  at: number,
  known: Partial<EventRow> & Pick<EventRow, "source" | "type">,
): EventRow {
  return createEvent({
    workspace_id: workspaceId,
    source_id: known.source,
    event_id: id,
    name: known.type,
    occurred_at: SENT_AT + at,
    received_at: SENT_AT + at,
    ...known,
  });
}

/** A case as the facts that the doors, the rewriter and an ESP would record of it. */
export function factsOfCase(
  { mails, hits }: Pick<TrafficCase, "mails" | "hits">,
  workspaceId: number,
  classify: (ip: string | undefined) => string | undefined,
): EventRow[] {
  return [
    ...mails.flatMap((mail) => factsOfMail(mail, workspaceId)),
    ...hits.flatMap((hit) => {
      const mail = mails.find(({ id }) => id === hit.message);
      return factsOfHit(hit, mail, workspaceId, classify(hit.ip ?? undefined));
    }),
  ];
}

function factsOfMail(mail: CaseMail, workspaceId: number): EventRow[] {
  const { id, links, unsubscribe, honeypot, sent_at, delivered_at } = mail;
  const of = { message_id: id, campaign_id: id };
  return [
    fact(workspaceId, `rewrite ${id}`, 0, {
      source: "email",
      type: "rewrite",
      campaign_id: id,
      properties: {
        links: links.map((link, index) => ({
          index,
          name: null,
          text: link === unsubscribe ? "Unsubscribe" : link,
          url: `https://shop.example/${index}`,
        })),
        honeypot: honeypot ? links.length : null,
      },
    }),
    ...(typeof sent_at === "number"
      ? [fact(workspaceId, `sent ${id}`, sent_at, { source: "email", type: "sent", ...of })]
      : []),
    ...(typeof delivered_at === "number"
      ? [
          fact(workspaceId, `delivered ${id}`, delivered_at, {
            source: "esp",
            type: "delivered",
            ...of,
          }),
        ]
      : []),
  ];
}

function factsOfHit(
  hit: CaseHit,
  mail: CaseMail | undefined,
  workspaceId: number,
  network: string | undefined,
): EventRow[] {
  const { "user-agent": ua = "", ...headers } = hit.headers;
  const clickId = hit.kind === "click" ? hit.id : null;
  const click = fact(workspaceId, hit.id, hit.t, {
    source: "email",
    type: hit.kind,
    message_id: hit.message ?? null,
    campaign_id: hit.message ?? null,
    link_id: linkIdOf(hit, mail),
    click_id: clickId,
    recipient_contact: hit.contact ?? null,
    context: {
      method: hit.method,
      ip: hit.ip ?? null,
      ua,
      tls: hit.secure ? 1 : 0,
      headers,
      ...(network === undefined ? {} : { network }),
      ...(hit.returning ? { returning: 1 } : {}),
    },
  });
  return hit.engaged ? [click, ...factsOfVisit(hit, workspaceId)] : [click];
}

/** The hidden link's index lies behind those of the visible ones. */
function linkIdOf({ link }: CaseHit, mail: CaseMail | undefined): string | null {
  if (link === null || link === undefined) return null;
  if (link === mail?.honeypot) return String(mail.links.length);
  const index = mail?.links.indexOf(link) ?? -1;
  return index < 0 ? `unlisted ${link}` : String(index);
}

function factsOfVisit(hit: CaseHit, workspaceId: number): EventRow[] {
  const visitor = { source: "site", anonymous_id: `visitor of ${hit.id}` } as const;
  return [
    fact(workspaceId, `page of ${hit.id}`, hit.t, {
      ...visitor,
      type: "page",
      name: "page_view",
      click_id: hit.id,
    }),
    fact(workspaceId, `scroll of ${hit.id}`, hit.t, { ...visitor, type: "track", name: "scroll" }),
  ];
}
