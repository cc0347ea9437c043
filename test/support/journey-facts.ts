import fc from "fast-check";
import type { Refs } from "../../src/lib/refs.ts";
import { createEvent, type EventRow } from "../../src/log/event.ts";
import type { TestVerdict } from "./journey-driver.ts";

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;
/** When the facts of these tests begin. */
export const START = Date.parse("2026-01-05T10:00:00.000Z");

/** A site event of a visitor; its id is also its event id. */
export function page(
  id: string,
  visitor: string,
  at: number,
  known: Partial<EventRow> = {},
): EventRow {
  return createEvent({
    workspace_id: 1,
    source_id: "site",
    event_id: id,
    source: "site",
    type: "page",
    name: "page_view",
    occurred_at: at,
    received_at: at,
    anonymous_id: visitor,
    url: "https://shop.test/pricing",
    ...known,
  });
}

/** The click of a mail's link; its id is also its click id. */
export function click(
  id: string,
  contact: string | null,
  at: number,
  known: Partial<EventRow> = {},
): EventRow {
  return createEvent({
    workspace_id: 1,
    source_id: "click",
    event_id: id,
    click_id: id,
    source: "email",
    type: "click",
    name: "email_clicked",
    occurred_at: at,
    received_at: at,
    recipient_contact: contact,
    url: "https://shop.test/pricing",
    ...known,
  });
}

/** A mail sent to a contact. */
export function sent(
  id: string,
  refs: Refs,
  contact: { id?: string; email?: string; traits?: Record<string, unknown> },
  at: number,
  known: Partial<EventRow> = {},
): EventRow {
  return createEvent({
    workspace_id: 1,
    source_id: "rewrite",
    event_id: id,
    source: "email",
    type: "sent",
    name: "email_sent",
    occurred_at: at,
    received_at: at,
    user_id: contact.id ?? null,
    email_claim: contact.email ?? null,
    recipient_contact: refs.contact(contact),
    properties: contact.traits ? { traits: contact.traits } : {},
    ...known,
  });
}

/** A fact with the verdict that the traffic stage would give it. */
export interface JudgedFact {
  readonly fact: EventRow;
  readonly verdict: TestVerdict | null;
}

const PEOPLE = [
  { id: "u1", email: "jane@ex.test" },
  { id: "u2", email: "bob@ex.test" },
  { email: "eve@ex.test" },
] as const;
const VISITORS = ["V1", "V2"];
const CLICKS = ["K1", "K2", "K3"];

/**
 * Arbitrary facts of a few people on a few visitors: mails, clicks, landings, pages, logins, forms,
 * aliases and server events, some by machines, some equal in time.
 */
export function arbitraryFacts(refs: Refs): fc.Arbitrary<JudgedFact[]> {
  const shape = fc.record({
    kind: fc.constantFrom(
      "sent",
      "click",
      "page",
      "landing",
      "login",
      "form",
      "server",
      "alias",
      "reset",
      "review",
    ),
    person: fc.constantFrom(...PEOPLE),
    visitor: fc.constantFrom(...VISITORS),
    clickId: fc.constantFrom(...CLICKS),
    at: fc.oneof(
      fc.integer({ min: 0, max: 90 }).map((minute) => START + minute * MINUTE),
      fc.integer({ min: 0, max: 100 }).map((day) => START + day * DAY),
    ),
    isMachine: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    isSticky: fc.boolean(),
  });
  return fc
    .array(shape, { minLength: 1, maxLength: 24 })
    .map((shapes) =>
      shapes.map(
        (given, i): JudgedFact => ({
          fact: toFact(`e${i}`, given, refs),
          verdict: given.kind === "sent" ? null : given.isMachine ? "machine" : "human",
        }),
      ),
    )
    .map((facts) => {
      // A click has one fact: the first of each id stays.
      const seen = new Set<string>();
      return facts.filter(({ fact }) => {
        const isRepeated = fact.type === "click" && seen.has(fact.event_id);
        if (fact.type === "click") seen.add(fact.event_id);
        return !isRepeated;
      });
    });
}

/** What somebody decided about a contact and Eve. */
function decision(
  id: string,
  refs: Refs,
  from: { readonly id?: string; readonly email: string },
  at: number,
  decided: string,
): EventRow {
  return page(id, "", at, {
    source: "server",
    source_id: "review",
    type: "review",
    name: "decided",
    anonymous_id: null,
    properties: {
      decision: decided,
      into: refs.contact({ email: "eve@ex.test" }),
      from: refs.contact(from),
    },
  });
}

interface Shape {
  readonly kind: string;
  readonly person: { readonly id?: string; readonly email: string };
  readonly visitor: string;
  readonly clickId: string;
  readonly at: number;
  readonly isSticky: boolean;
}

function toFact(
  id: string,
  { kind, person, visitor, clickId, at, isSticky }: Shape,
  refs: Refs,
): EventRow {
  const context = isSticky ? { library: { name: "analytics.js" } } : {};
  const userId = person.id ?? null;
  switch (kind) {
    case "sent":
      return sent(id, refs, { ...person, traits: { plan: id } }, at);
    case "click":
      return click(clickId, refs.contact(person), at);
    case "landing":
      return page(id, visitor, at, { click_id: clickId, context });
    case "login":
      return page(id, visitor, at, {
        type: "identify",
        name: "identify",
        user_id: userId,
        email_claim: person.email,
        context,
      });
    case "form":
      return page(id, visitor, at, {
        type: "track",
        name: "form_submit",
        email_claim: person.email,
      });
    case "server":
      return page(id, visitor, at, {
        source: "server",
        source_id: "server",
        type: "track",
        name: "purchase",
        user_id: userId,
      });
    case "alias":
      return page(id, visitor, at, {
        source: isSticky ? "server" : "site",
        type: "alias",
        name: "alias",
        user_id: userId ?? "u9",
        properties: { previous_id: isSticky ? "u2" : "V2" },
      });
    case "review":
      return decision(
        id,
        refs,
        person,
        at,
        isSticky ? "accept" : visitor === "V1" ? "undo" : "reject",
      );
    case "reset":
      return page(id, visitor, at, { type: "track", name: "reset" });
    default:
      return page(id, visitor, at, { context });
  }
}
