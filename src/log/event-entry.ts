/** Where in a customer's life an event belongs, in that order. */
export const EVENT_CATEGORIES = [
  "automatic",
  "enhanced",
  "ecommerce",
  "lead",
  "account",
  "engagement",
  "game",
  "subscription",
  "email",
] as const;

type EventCategory = (typeof EVENT_CATEGORIES)[number];

/** The events of each category by name, as the table writes them. */
export type EventTable = Record<EventCategory, Record<string, Entry>>;

type ParamType = "string" | "number" | "boolean" | "items";

/** A parameter of a standard event, named as GA4 names it. `q_*` stands for every name with that prefix. */
export interface Param {
  readonly name: string;
  readonly type: ParamType;
}

/** What the advertising platforms call an event; null where it can only be sent as a custom event. */
interface NativeNames {
  readonly ga4: string | null;
  readonly meta: string | null;
  readonly tiktok: string | null;
  readonly pinterest: string | null;
}

/** An event whose meaning, parameters and native names are known. */
export interface StandardEvent {
  readonly name: string;
  readonly category: EventCategory;
  /** Must be there and not empty. */
  readonly required: readonly Param[];
  /** Needed under a condition: `currency` with a value; `value` and `items` for reports that use them. */
  readonly conditional: readonly Param[];
  readonly optional: readonly Param[];
  /** Names of the same event in Segment's specification. */
  readonly aliases: readonly string[];
  readonly native: NativeNames;
  /** Counts as a conversion unless the operator says otherwise. */
  readonly keyEvent: boolean;
}

/** Parameters are names with spaces between them. */
interface Entry {
  required?: string;
  conditional?: string;
  optional?: string;
  aliases?: string[];
  /** Name at GA4, Meta, TikTok, Pinterest; `-` for none. GA4's is the event's own unless it says `-`. */
  native?: string;
  keyEvent?: true;
}

const NUMBERS = new Set(
  (
    "engagement_time_msec percent_scrolled video_current_time video_duration video_percent form_length " +
    "first_field_position value shipping tax level score predicted_ltv position"
  ).split(" "),
);
const BOOLEANS = new Set(["outbound", "visible"]);

/** Reads one entry of the table. */
export function readEntry(name: string, category: EventCategory, entry: Entry): StandardEvent {
  const native = entry.native ?? (category === "email" ? "- - - -" : `${name} - - -`);
  const [ga4, meta, tiktok, pinterest] = native
    .split(" ")
    .map((nativeName) => (nativeName === "-" ? null : nativeName));
  return {
    name,
    category,
    required: params(entry.required),
    conditional: params(entry.conditional),
    optional: params(entry.optional),
    aliases: entry.aliases ?? [],
    native: {
      ga4: ga4 ?? null,
      meta: meta ?? null,
      tiktok: tiktok ?? null,
      pinterest: pinterest ?? null,
    },
    keyEvent: entry.keyEvent ?? false,
  };
}

function params(names = ""): Param[] {
  return names
    .split(" ")
    .filter(Boolean)
    .map((name) => ({ name, type: typeOf(name) }));
}

function typeOf(name: string): ParamType {
  if (name === "items") return "items";
  if (NUMBERS.has(name)) return "number";
  return BOOLEANS.has(name) ? "boolean" : "string";
}
