import { AppError } from "../lib/errors.ts";
import {
  cleanUrl,
  formDestination,
  MAX_DESTINATION_LENGTH,
  parseUrl,
} from "./rewrite/destination.ts";

const SLOT = /\{\d{1,3}\}/g;
/** Letters that no URL normalisation changes. */
const PLACEHOLDER = "ctslot7q";
const HTTP = /^https?:[\\/]{2}/i;
const BEHIND_HOST = /^https?:[\\/]{2}[^\\/?#\s]+[\\/?#]/i;

interface DestinationRules {
  /** RFC 6901 pointer of the field, for the refusal. */
  readonly pointer: string;
  /** The slots it may hold, e.g. `{0}`: those of the mail's own link. */
  readonly slots: readonly string[];
  /** Whether a URL is a tracked link of ours: one that leads to another would go round in circles. */
  isTracked(url: string): boolean;
}

/** The slots of a destination, e.g. `["{0}", "{1}"]`. */
export function slotsOf(destination: string): string[] {
  return [...new Set(destination.match(SLOT))];
}

/**
 * Checks a destination that somebody gives a link after its mail was sent.
 *
 * @returns the form that `Location` carries: ASCII, slots kept
 * @throws {AppError} `invalid_url` or `url_too_long` (422), with a sentence that says what would be right
 */
export function checkDestination(given: string, rules: DestinationRules): string {
  const text = cleanUrl(given);
  const refuse = (message: string, code: "invalid_url" | "url_too_long" = "invalid_url") =>
    new AppError(code, 422, message, { errors: [{ pointer: rules.pointer, message }] });
  const tooLong = () =>
    refuse(`Expected at most ${MAX_DESTINATION_LENGTH} characters.`, "url_too_long");
  if (text.length > MAX_DESTINATION_LENGTH) throw tooLong();

  const foreign = slotsOf(text).find((slot) => !rules.slots.includes(slot));
  if (foreign !== undefined) throw refuse(explainSlot(foreign, rules.slots));
  const firstSlot = text.search(SLOT);
  if (firstSlot >= 0 && !BEHIND_HOST.test(text.slice(0, firstSlot))) {
    throw refuse("A slot may stand in the path or the query, never in the host.");
  }
  const parsed = parseUrl(text.replaceAll(SLOT, PLACEHOLDER));
  if (!parsed || !HTTP.test(text)) {
    throw refuse("Expected an absolute http(s) URL such as https://shop.example/sale.");
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw refuse("Expected a URL without user name and password: every reader would see them.");
  }
  if (rules.isTracked(text)) {
    throw refuse("This is a tracked link of ours. Give the page that it should lead to.");
  }
  const formed = formSlotted(text);
  if (formed.length > MAX_DESTINATION_LENGTH) throw tooLong();
  return formed;
}

function explainSlot(slot: string, slots: readonly string[]): string {
  if (slots.length > 0) return `There is no slot ${slot} in this link; it has ${slots.join(", ")}.`;
  return `This link carries no merge tags, so ${slot} would stay as it is. Write %7B for a brace.`;
}

/** A URL that must be normalised would lose the braces of its slots. */
function formSlotted(text: string): string {
  const slots = text.match(SLOT) ?? [];
  let next = 0;
  return formDestination(text.replaceAll(SLOT, PLACEHOLDER)).replaceAll(
    PLACEHOLDER,
    () => slots[next++] ?? "",
  );
}
