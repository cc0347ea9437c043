import { toIsoTime } from "./iso-time.ts";

/** How the traffic stage judged an event. */
export type VerdictName = "human" | "machine" | "prefetch";

/** One thing that happened to or by a contact: the journey entry of the API. Times are ISO 8601 UTC. */
export interface JourneyEntry {
  readonly id: string;
  readonly at: string;
  readonly received_at: string;
  readonly source: string;
  readonly type: string;
  readonly name: string;
  readonly campaign: { readonly id: string; readonly name: string } | null;
  readonly link: JourneyLink | null;
  readonly url: string | null;
  readonly path: string | null;
  /** Minor units of `currency`. */
  readonly value_minor: number | null;
  readonly currency: string | null;
  /** Site events of one visit share it. */
  readonly session_id: string | null;
  readonly click_id: string | null;
  /** Null for what is not judged: a mail sent, a bounce. */
  readonly verdict: VerdictName | null;
  readonly certainty: "high" | "low" | null;
  /** Names of the signals that spoke for or against a person. */
  readonly reasons: readonly string[];
  /** Whether reports count it: by a person, or not judged at all; a HEAD never is. */
  readonly counted: boolean;
  readonly properties: Record<string, unknown>;
}

/** The link that was clicked: `index` is its place in the mail, `name` its name or its text. */
interface JourneyLink {
  readonly id: string;
  readonly index: number;
  readonly name: string | null;
  readonly url: string | null;
}

/** How surely an event is the contact's: by a user id, by a form, by a click. Null: by the mail itself. */
export type Confidence = "confirmed" | "asserted" | "inferred" | null;

/** A row of `journey` with what the log and the other projections know of its event. */
export interface JourneyRecord {
  readonly seq: number;
  readonly occurred_at: number;
  readonly received_at: number;
  readonly event_id: string;
  readonly source: string;
  readonly type: string;
  readonly name: string;
  readonly campaign_id: string | null;
  readonly campaign_name: string | null;
  readonly link_id: string | null;
  readonly link_name: string | null;
  readonly link_text: string | null;
  readonly link_url: string | null;
  readonly url: string | null;
  readonly value_minor: number | null;
  readonly currency: string | null;
  readonly session: number | null;
  readonly click_id: string | null;
  readonly verdict: VerdictName | null;
  readonly certainty: "high" | "low" | null;
  /** JSON of `traffic/`'s reasons; null without a verdict. */
  readonly reasons: string | null;
  readonly strength: number | null;
  readonly context: string;
  readonly properties: string;
}

/** The entry of a record. */
export function toEntry(row: JourneyRecord): JourneyEntry {
  return {
    id: row.event_id,
    at: toIsoTime(row.occurred_at),
    received_at: toIsoTime(row.received_at),
    source: row.source,
    type: row.type,
    name: row.name,
    campaign: campaignOf(row),
    link: linkOf(row),
    url: row.url,
    path: pathOf(row.url),
    value_minor: row.value_minor,
    currency: row.currency,
    session_id: row.session === null ? null : String(row.session),
    click_id: row.click_id,
    verdict: row.verdict,
    certainty: row.verdict === null ? null : row.certainty,
    reasons: reasonsOf(row.reasons),
    counted: isCounted(row),
    properties: JSON.parse(row.properties),
  };
}

/** The confidence badge of a record. */
export function confidenceOf({ strength, source }: JourneyRecord): Confidence {
  if (strength === null) return null;
  if (strength === 1) return "inferred";
  // A site key is public: what it says of itself is asserted, not confirmed.
  return strength === 3 && source === "server" ? "confirmed" : "asserted";
}

function campaignOf({ campaign_id: id, campaign_name: name }: JourneyRecord) {
  return id === null ? null : { id, name: name ?? id };
}

function linkOf(row: JourneyRecord): JourneyLink | null {
  const { link_id: id } = row;
  if (id === null) return null;
  const index = Number(id);
  return {
    id,
    index: Number.isSafeInteger(index) ? index : 0,
    name: row.link_name || row.link_text || null,
    url: row.link_url ?? row.url,
  };
}

function pathOf(url: string | null): string | null {
  return url !== null && URL.canParse(url) ? new URL(url).pathname : null;
}

/** HEAD hits are kept and judged, never counted: a reader's browser sends none. */
function isCounted({ verdict, context }: JourneyRecord): boolean {
  const { method }: { method?: unknown } = JSON.parse(context);
  return (verdict === "human" || verdict === null) && method !== "HEAD";
}

function reasonsOf(json: string | null): string[] {
  const reasons: ({ signal: string } | string)[] = JSON.parse(json ?? "[]");
  return reasons.map((reason) => (typeof reason === "string" ? reason : reason.signal));
}
