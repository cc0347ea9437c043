import type { Tokens } from "./tokens.ts";

/** What a tracking URL says about itself, as far as its signatures hold. */
export interface ExplainedUrl {
  readonly kind: "click" | "open" | "no tracking URL";
  /** Whether the link part is ours and unchanged. */
  readonly linkIsGenuine: boolean;
  readonly workspaceId: number | null;
  readonly campaignId: string | null;
  readonly linkIndex: number | null;
  readonly destination: string | null;
  readonly hasSlots: boolean;
  readonly isTemplate: boolean;
  readonly recipient:
    | "contact and message"
    | "contact"
    | "message"
    | "none (template)"
    | "not genuine";
  readonly contactRef: string | null;
  readonly messageRef: string | null;
}

const SHAPE = /\/([co])\/([^/?#]+)(?:\/([^/?#]*))?/;

/** Takes a tracking URL (or its path) apart without following it. */
export function explainUrl(url: string, tokens: Tokens): ExplainedUrl {
  const [, door, linkPart = "", recipientPart = ""] = SHAPE.exec(url) ?? [];
  const link = door === undefined ? undefined : tokens.openLink(linkPart);
  const token = door === "o" ? recipientPart.replace(/\.gif$/, "") : recipientPart;
  const recipient = link ? tokens.openRecipient(link.workspaceId, token) : undefined;
  return {
    kind: kindOf(door),
    linkIsGenuine: link !== undefined && link.purpose === kindOf(door),
    workspaceId: link?.workspaceId ?? null,
    campaignId: link?.campaignId ?? null,
    linkIndex: link?.purpose === "click" ? link.index : null,
    destination: link?.destination || null,
    hasSlots: link?.hasSlots ?? false,
    isTemplate: link?.isTemplate ?? false,
    recipient: describeRecipient(recipient, link?.isTemplate ?? false),
    contactRef: recipient?.contact ?? null,
    messageRef: recipient?.message ?? null,
  };
}

function kindOf(door: string | undefined): ExplainedUrl["kind"] {
  if (door === "c") return "click";
  return door === "o" ? "open" : "no tracking URL";
}

function describeRecipient(
  recipient: ReturnType<Tokens["openRecipient"]>,
  isTemplate: boolean,
): ExplainedUrl["recipient"] {
  if (!recipient) return isTemplate ? "none (template)" : "not genuine";
  if (recipient.contact === null) return "message";
  return recipient.message === null ? "contact" : "contact and message";
}
