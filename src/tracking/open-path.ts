import type { HitConsent, LinkException, OpenedLink } from "./hit.ts";
import type { TrackingPath } from "./tracking-path.ts";

/** What a verified link part says; see `email/link-token.ts`. */
interface SealedLink {
  readonly purpose: "click" | "open";
  readonly workspaceId: number;
  readonly campaignId: string;
  readonly index: number;
  readonly destination: string;
  readonly hasSlots: boolean;
  readonly isTemplate: boolean;
}

/** Whom a verified recipient part names. */
interface Recipient {
  readonly contact: string | null;
  readonly message: string | null;
}

interface OpenPathDeps {
  openLink(token: string): SealedLink | undefined;
  openRecipient(workspaceId: number, token: string): Recipient | undefined;
  /** What was changed of the link after its mail was sent; undefined for nearly every link. */
  findException(workspaceId: number, campaignId: string, index: number): LinkException | undefined;
  /** Puts the values of `m0`, `m1`, … into a destination; throws when they would leave its host. */
  fillSlots(destination: string, query: string): string;
  /** What the consent of a contact leaves of a hit; undefined: everything. */
  consentOf?(workspaceId: number, contact: string, kind: "click" | "open"): HitConsent | undefined;
  /** What the workspace leaves of an open whose contact has said nothing; undefined: everything. */
  mayCountOpen?(workspaceId: number): HitConsent | undefined;
  /** Whether a text is a merge tag that the sending platform should have filled. */
  isMergeTag(text: string): boolean;
}

const NOBODY: Recipient = { contact: null, message: null };

/**
 * Makes the function that verifies both parts of a tracking path; undefined for anything that is not
 * whole and ours.
 *
 * A template's recipient part may be missing or an unfilled merge tag: the reader is redirected, and
 * the hit has no contact.
 */
export function createOpenPath(deps: OpenPathDeps): (path: TrackingPath) => OpenedLink | undefined {
  return (path) => {
    const link = deps.openLink(path.link);
    if (!link || link.purpose !== path.kind) return undefined;
    const recipient = openRecipient(path.recipient, link, deps);
    if (!recipient) return undefined;
    const { workspaceId, campaignId, index } = link;
    const exception =
      path.kind === "click" ? deps.findException(workspaceId, campaignId, index) : undefined;
    const destination = findDestination(link, exception, path, deps);
    const opened = { workspaceId, campaignId, index, destination, exception, ...recipient };
    const consent = findConsent(workspaceId, recipient.contact, path.kind, deps);
    return consent === undefined ? opened : { ...opened, consent };
  };
}

function findDestination(
  link: SealedLink,
  exception: LinkException | undefined,
  path: TrackingPath,
  { fillSlots }: OpenPathDeps,
): string {
  const destination = exception ? (exception.destination ?? "") : link.destination;
  // A fallback is the same for everybody; an edited destination takes the slots of the mail's.
  const hasSlots = link.hasSlots && !exception?.state;
  return hasSlots ? fillSlots(destination, path.query) : destination;
}

/** What a contact says for itself goes before what its workspace says for all. */
function findConsent(
  workspaceId: number,
  contact: string | null,
  kind: "click" | "open",
  deps: OpenPathDeps,
): HitConsent | undefined {
  const own = contact === null ? undefined : deps.consentOf?.(workspaceId, contact, kind);
  return own ?? (kind === "open" ? deps.mayCountOpen?.(workspaceId) : undefined);
}

function openRecipient(
  text: string,
  link: SealedLink,
  { openRecipient: open, isMergeTag }: OpenPathDeps,
): Recipient | undefined {
  const recipient = open(link.workspaceId, text);
  if (recipient || !link.isTemplate) return recipient;
  return text === "" || isMergeTag(decode(text)) ? NOBODY : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
