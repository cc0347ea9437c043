import { toIsoTime } from "./iso-time.ts";
import {
  type Confidence,
  type EvidenceKind,
  type EvidenceRecord,
  explainWhy,
  whyOf,
} from "./why.ts";

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
  /** The event that told the same sale before; null where there is none. */
  readonly repeat_of: string | null;
  /** Whether reports count it: by a person, or not judged at all; never a HEAD, nor a sale told again. */
  readonly counted: boolean;
  /** Whether it is a conversion: counted, and of an event that is marked as one. */
  readonly conversion: boolean;
  /** Why it is counted as this contact's: in one sentence, and the evidence. */
  readonly why: {
    readonly sentence: string;
    readonly evidence: EvidenceKind;
    readonly confidence: Confidence;
    /** The event that says so; null where it is the mail itself. */
    readonly event_id: string | null;
    readonly at: string | null;
  };
  readonly properties: Record<string, unknown>;
}

/** The link that was clicked: `index` is its place in the mail, `name` its name or its text. */
interface JourneyLink {
  readonly id: string;
  readonly index: number;
  readonly name: string | null;
  readonly url: string | null;
}

/** A row of `journey` with what the log and the other projections know of its event. */
export interface JourneyRecord extends EvidenceRecord {
  readonly received_at: number;
  readonly event_id: string;
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
  readonly repeat_of: string | null;
  readonly session: number | null;
  readonly click_id: string | null;
  readonly verdict: VerdictName | null;
  readonly certainty: "high" | "low" | null;
  /** JSON of `traffic/`'s reasons; null without a verdict. */
  readonly reasons: string | null;
  readonly context: string;
  readonly properties: string;
}

/** One reason of a verdict, as the traffic stage stored it. */
interface VerdictReason {
  readonly signal: string;
  /** Points; negative ones speak for a person. */
  readonly weight: number;
  /** What was seen. */
  readonly detail: string;
}

/** What pages say of an entry beside what the API does. */
export interface ShownDetails {
  readonly verdictReasons: readonly VerdictReason[];
  /** `why.sentence` with moments written in the reader's way. */
  whyIn(formatTime: (ms: number) => string): string;
}

/** The details of a record. */
export function toShown(row: JourneyRecord): ShownDetails {
  const why = whyOf(row);
  return { verdictReasons: readReasons(row.reasons), whyIn: (format) => explainWhy(why, format) };
}

/** The entry of a record. */
export function toEntry(row: JourneyRecord, isConversion: (name: string) => boolean): JourneyEntry {
  const counted = isCounted(row);
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
    reasons: readReasons(row.reasons).map(({ signal }) => signal),
    repeat_of: row.repeat_of,
    counted,
    conversion: counted && isConversion(row.name),
    why: toWhy(row),
    properties: JSON.parse(row.properties),
  };
}

function toWhy(row: JourneyRecord): JourneyEntry["why"] {
  const why = whyOf(row);
  const { evidence, confidence, event_id } = why;
  const at = why.at === null ? null : toIsoTime(why.at);
  return { sentence: explainWhy(why, toIsoTime), evidence, confidence, event_id, at };
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
function isCounted({ verdict, context, repeat_of }: JourneyRecord): boolean {
  const { method }: { method?: unknown } = JSON.parse(context);
  return (verdict === "human" || verdict === null) && repeat_of === null && method !== "HEAD";
}

function readReasons(json: string | null): VerdictReason[] {
  return JSON.parse(json ?? "[]");
}
