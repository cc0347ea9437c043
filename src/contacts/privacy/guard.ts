import { cleanEmail, cleanUserId } from "../../lib/junk-ids.ts";
import { normalizeEmail, type Refs } from "../../lib/refs.ts";
import type { EventRow } from "../../log/event.ts";
import type { FailedEventRow, RejectedItem } from "../../log/failed-events.ts";
import { ERASED_CONSENT, type HitConsent, hitConsentOf } from "./consent.ts";
import type { Consents } from "./consents.ts";
import type { Ledger } from "./ledger.ts";
import { withoutIdentity } from "./without-identity.ts";

/** Why something was not kept, or kept without naming anybody. */
export type WithheldReason = "erased" | "no_consent" | "aggregate";

interface GuardDeps {
  readonly ledger: Ledger;
  readonly consents: Consents;
  readonly refsOf: (workspaceId: number) => Refs;
  readonly now: () => number;
  /** Counts what is withheld. */
  readonly onWithheld: (reason: WithheldReason) => void;
}

/** What the doors ask before they keep something. Answered from memory. */
export interface Guard {
  /** What consent leaves of a hit on a contact's link; undefined: it has said nothing. On the hot path. */
  hitConsent(workspaceId: number, ref: string, kind: "click" | "open"): HitConsent | undefined;
  /** Whether nobody of a workspace was erased or said anything of consent: then nothing is screened. */
  isQuiet(workspaceId: number): boolean;
  /** The events that may be kept, as they may be kept. */
  screenEvents(events: readonly EventRow[]): readonly EventRow[];
  /** The refused items that may be kept: not those that name an erased contact. */
  screenRejected(items: readonly RejectedItem[]): readonly RejectedItem[];
  /** Whether a fact of the journal names an erased contact. */
  isErased(fact: Partial<EventRow> | FailedEventRow): boolean;
}

/** Puts ledger and consents together. */
export function createGuard({ ledger, consents, refsOf, now, onWithheld }: GuardDeps): Guard {
  const isQuiet = (workspaceId: number): boolean =>
    ledger.isEmpty(workspaceId) && consents.isEmpty(workspaceId);

  function isErasedEvent(event: Partial<EventRow>, refs: readonly string[]): boolean {
    const { workspace_id: workspaceId = 0, anonymous_id: visitor, received_at = 0 } = event;
    if (ledger.isEmpty(workspaceId)) return false;
    const at = Math.min(received_at, event.occurred_at ?? received_at);
    return (
      refs.some((ref) => ledger.covers(workspaceId, "contact", ref, at)) ||
      (visitor !== null &&
        visitor !== undefined &&
        ledger.covers(workspaceId, "visitor", visitor, at))
    );
  }

  function screenEvent(event: EventRow): EventRow[] {
    const { workspace_id: workspaceId } = event;
    if (isQuiet(workspaceId)) return [event];
    const refs = refsIn(event, refsOf(workspaceId));
    if (isErasedEvent(event, refs)) return withhold("erased");
    const isSite = event.source === "site" || event.source === "server";
    const mode = isSite ? siteModeOf(event, refs) : "individual";
    if (mode === "individual") return [event];
    const rest = mode === "aggregate" ? withoutIdentity(event) : undefined;
    if (!rest) return withhold("no_consent");
    onWithheld("aggregate");
    return [rest];
  }

  /** Who is named decides; the visitor's owner only where nobody is. */
  function siteModeOf({ workspace_id, anonymous_id }: EventRow, refs: readonly string[]) {
    const named = refs.flatMap((ref) => consents.ofContact(workspace_id, ref) ?? []);
    if (named[0] !== undefined) return named[0].site;
    if (refs.length > 0 || anonymous_id === null) return "individual";
    return consents.ofVisitor(workspace_id, anonymous_id)?.site ?? "individual";
  }

  function withhold(reason: WithheldReason): [] {
    onWithheld(reason);
    return [];
  }

  function isErasedRaw(workspaceId: number, raw: string, at: number): boolean {
    if (ledger.isEmpty(workspaceId)) return false;
    const refs = refsOf(workspaceId);
    return textsIn(raw).some(
      (text) =>
        ledger.covers(workspaceId, "visitor", text, at) ||
        refsOfText(text, refs).some((ref) => ledger.covers(workspaceId, "contact", ref, at)),
    );
  }

  return {
    isQuiet,
    hitConsent(workspaceId, ref, kind) {
      if (isQuiet(workspaceId)) return undefined;
      // A hit is always news: only a contact who came back counts by name.
      if (ledger.covers(workspaceId, "contact", ref, now())) {
        return hitConsentOf(ERASED_CONSENT, kind);
      }
      const consent = consents.ofContact(workspaceId, ref);
      return consent && hitConsentOf(consent, kind);
    },
    screenEvents(events) {
      if (events.every(({ workspace_id }) => isQuiet(workspace_id))) return events;
      return events.flatMap(screenEvent);
    },
    screenRejected(items) {
      return items.filter(({ workspaceId, raw, receivedAt }) => {
        const isErased = isErasedRaw(workspaceId, raw, receivedAt);
        if (isErased) onWithheld("erased");
        return !isErased;
      });
    },
    isErased(fact) {
      if ("failed_id" in fact) return isErasedRaw(fact.workspace_id, fact.raw, fact.received_at);
      const { workspace_id = 0 } = fact;
      return (
        !ledger.isEmpty(workspace_id) && isErasedEvent(fact, refsIn(fact, refsOf(workspace_id)))
      );
    },
  };
}

/** The references of everybody whom an event names. */
function refsIn(event: Partial<EventRow>, refs: Refs): string[] {
  const userId = cleanUserId(event.user_id);
  const email = cleanEmail(event.email_claim);
  const previousId = event.type === "alias" ? textOf(event.properties?.["previous_id"]) : null;
  return [
    event.recipient_contact ?? null,
    userId === null ? null : refs.contact({ id: userId }),
    email === null ? null : refs.contact({ email }),
    ...(previousId === null ? [] : refsOfText(previousId, refs)),
  ].flatMap((ref) => ref ?? []);
}

function refsOfText(text: string, refs: Refs): string[] {
  const email = cleanEmail(text);
  return [
    refs.contact({ id: text.trim() }),
    email === null ? null : refs.contact({ email: normalizeEmail(email) }),
    text,
  ].flatMap((ref) => ref ?? []);
}

const MOST_TEXTS = 500;

/** What a body that nobody could read may name: its strings, cut where ids and addresses end. */
function textsIn(raw: string): string[] {
  const texts = raw.match(/[^\s"'<>,;&?=(){}[\]\\]{1,320}/g) ?? [];
  return [...new Set(texts)].slice(0, MOST_TEXTS);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
