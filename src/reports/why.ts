import { isolate } from "../lib/isolate.ts";
import { cleanUserId } from "../lib/junk-ids.ts";

/** How surely an event is the contact's: by a user id, by a form, by a click. Null: by the mail itself. */
export type Confidence = "confirmed" | "asserted" | "inferred" | null;

/** What says whose an event is. `mail`: it was made for the contact. */
export type EvidenceKind = "mail" | "user_id" | "email" | "alias" | "click";

/** Why an event is counted as this contact's. */
export interface Why {
  readonly evidence: EvidenceKind;
  readonly confidence: Confidence;
  /** The event that says so; null where it is the mail itself, or was erased. */
  readonly event_id: string | null;
  /** When that was, in milliseconds since the Unix epoch. */
  readonly at: number | null;
  /** The user id or address that it names; null for a mail or a click. */
  readonly value: string | null;
  /** Whether the event itself says so, else one before or after it on the same device. */
  readonly when: "itself" | "before" | "after";
  /** Whether a server of the sender's says so, with a secret key. */
  readonly isServer: boolean;
  /** What the event is: a mail's facts differ in what ties them to the contact. */
  readonly event: Pick<EvidenceRecord, "source" | "type">;
}

/** What the journey's row and its evidence tell. */
export interface EvidenceRecord {
  readonly seq: number;
  readonly occurred_at: number;
  readonly source: string;
  readonly type: string;
  readonly strength: number | null;
  readonly evidence: number | null;
  readonly evidence_id: string | null;
  readonly evidence_at: number | null;
  readonly evidence_source: string | null;
  readonly evidence_type: string | null;
  readonly evidence_user: string | null;
  readonly evidence_email: string | null;
}

/** Reads why an event is its contact's. */
export function whyOf(row: EvidenceRecord): Why {
  const { strength, seq, evidence, evidence_at: at } = row;
  const kind = kindOf(row);
  const isServer = row.evidence_source === "server";
  return {
    evidence: kind,
    confidence: confidenceOf(strength, isServer),
    event_id: row.evidence_id,
    at: strength === null ? null : at,
    value:
      kind === "user_id" || kind === "alias"
        ? row.evidence_user
        : kind === "email"
          ? row.evidence_email
          : null,
    when: evidence === null || evidence === seq ? "itself" : isBefore(row) ? "before" : "after",
    isServer,
    event: { source: row.source, type: row.type },
  };
}

function kindOf(row: EvidenceRecord): EvidenceKind {
  if (row.strength === null) return "mail";
  if (row.strength === 1) return "click";
  if (row.strength === 2) return "email";
  if (cleanUserId(row.evidence_user) === null) return "email";
  return row.evidence_type === "alias" && row.evidence !== row.seq ? "alias" : "user_id";
}

/** A site key is public: what it says of itself is asserted, not confirmed. */
function confidenceOf(strength: number | null, isServer: boolean): Confidence {
  if (strength === null) return null;
  if (strength === 1) return "inferred";
  return strength === 3 && isServer ? "confirmed" : "asserted";
}

function isBefore({ occurred_at: at, evidence_at: evidenceAt }: EvidenceRecord): boolean {
  return (evidenceAt ?? at) <= at;
}

/**
 * Says in one sentence why an event is its contact's.
 *
 * @param formatTime how a moment is written, in milliseconds since the Unix epoch
 */
export function explainWhy(why: Why, formatTime: (ms: number) => string): string {
  const { evidence, event_id: eventId, at, when } = why;
  if (evidence === "mail") return ofMail(why);
  if (eventId === null || at === null) return "What said whose it is has been erased since.";
  const moment =
    when === "itself" ? "" : ` ${when === "before" ? "Earlier" : "Later"}, at ${formatTime(at)},`;
  return when === "itself" ? ofItself(why) : `${moment.trim()} ${ofVisitor(why)}.`;
}

function ofMail({ event: { source, type } }: Why): string {
  if (source === "esp") return "Your mail service reported it of a mail to this contact.";
  if (type === "identify") return "You named this contact when you prepared a mail.";
  return type === "click" || type === "open"
    ? "The mail was made for this contact: its links carry their token, whoever followed them."
    : "The mail was made for this contact.";
}

function ofItself({ evidence, value, isServer }: Why): string {
  const by = isServer ? "Your server sent it" : "It came";
  switch (evidence) {
    case "click":
      return "The visit began with a click on a link that was made for this contact.";
    case "email":
      return `${by} with the address ${quote(value)}, which is this contact’s.`;
    default:
      return `${by} with the user id ${quote(value)}, which is this contact’s.`;
  }
}

function ofVisitor({ evidence, value, isServer }: Why): string {
  switch (evidence) {
    case "click":
      return "this device came from a link that was made for this contact. So it is inferred, not said";
    case "email":
      return isServer
        ? `your server named this device’s visitor by the address ${quote(value)}`
        : `the address ${quote(value)} was given on this device`;
    case "alias":
      return `an alias joined this device to the user id ${quote(value)}`;
    default:
      return isServer
        ? `your server named this device’s visitor by the user id ${quote(value)}`
        : `this device was identified by the user id ${quote(value)}`;
  }
}

/** A user id or address is a stranger's text: one that runs from right to left must not turn the sentence. */
function quote(value: string | null): string {
  return `“${isolate(value ?? "")}”`;
}
