import { type JsonObject, textOf } from "../json-object.ts";

/** Names under which a mail carries what it is to its provider: custom argument, metadata, variable or tag. */
const MESSAGE_FIELD = "clicktrail_message_id";
const CAMPAIGN_FIELD = "clicktrail_campaign";

/** The header that the nodemailer plugin sets: the `message_id` of the rewrite. */
const MESSAGE_HEADER = "x-clicktrail-message";

interface About {
  readonly messageId: string | null;
  readonly campaign: string | null;
}

/** What a mail's custom fields say of it. */
export function readCustomFields(fields: JsonObject): About {
  return {
    messageId: firstText(fields[MESSAGE_FIELD]),
    campaign: firstText(fields[CAMPAIGN_FIELD]),
  };
}

/** The message id from a list of `{name, value}` headers. */
export function readMessageHeader(headers: unknown): string | null {
  if (!Array.isArray(headers)) return null;
  const found = headers.find(({ name }) => String(name).toLowerCase() === MESSAGE_HEADER);
  return textOf(found?.value);
}

/** Amazon's tags are lists. */
function firstText(value: unknown): string | null {
  return textOf(Array.isArray(value) ? value[0] : value);
}

/** Milliseconds of an ISO 8601 time, or of a number of seconds; null where it is neither. */
export function readTime(value: unknown): number | null {
  const ms = typeof value === "number" ? value * 1000 : Date.parse(textOf(value) ?? "");
  return Number.isFinite(ms) && ms > 0 ? Math.round(ms) : null;
}

const LONGEST = 500;

/** The properties that have a value, each cut to what a person reads. */
export function describe(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const text = typeof value === "number" ? String(value) : textOf(value);
      return text === null ? [] : [[key, text.slice(0, LONGEST)]];
    }),
  );
}
