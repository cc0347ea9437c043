import { AppError } from "../lib/errors.ts";
import { unknownName } from "../lib/nearest.ts";
import { validate } from "../lib/validate.ts";
import { type RewriteOptionsInput, rewriteOptionsSchema } from "./rewrite/options.ts";
import { type RewriteRequest, rewriteBodySchema } from "./schemas.ts";
import { UTM_KEYS } from "./utm.ts";

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["off", false],
]);

const LISTS: ReadonlySet<string> = new Set([
  "unsubscribe_urls",
  "exclude_domains",
] satisfies (keyof RewriteOptionsInput)[]);
const TEXTS: ReadonlySet<string> = new Set([
  "merge_tags",
  "utm_mode",
  "downstream_opt_out",
  "base_url",
  "tracking_domain",
  "part",
] satisfies (keyof RewriteOptionsInput)[]);

const OPTION_NAMES = Object.keys(rewriteOptionsSchema.shape);
const OTHER_NAMES = ["campaign", "contact_id", "contact_email", "message_id", "recipient_tag"];
const KNOWN_NAMES: readonly string[] = [...OTHER_NAMES, ...UTM_KEYS, ...OPTION_NAMES];

/**
 * Reads a rewrite request from the flat query of the `text/html` and `message/rfc822` forms, and from
 * the command line: `campaign`, `contact_id`, `contact_email`, `message_id`, `recipient_tag`, `utm_*`
 * and every option. A list is repeated or comma-separated.
 *
 * @throws {AppError} `invalid_query` (422) for an unknown name or a wrong value
 */
export function readRawQuery(query: URLSearchParams): RewriteRequest {
  const unknown = [...query.keys()].filter((name) => !KNOWN_NAMES.includes(name));
  if (unknown.length > 0) throw unknownParameters(unknown);
  const value = (name: string) => query.get(name) ?? undefined;
  const given = {
    html: "-",
    campaign: value("campaign"),
    contact: group([
      ["id", value("contact_id")],
      ["email", value("contact_email")],
    ]),
    message_id: value("message_id"),
    template: group([["recipient_tag", value("recipient_tag")]]),
    utm: group(UTM_KEYS.map((key) => [key, value(key)])),
    options: group(OPTION_NAMES.map((name) => [name, readOption(query, name)])) ?? {},
  };
  const present = Object.entries(given).filter(([, entry]) => entry !== undefined);
  const { html: _html, ...request } = validate(rewriteBodySchema, Object.fromEntries(present), {
    what: "query",
    code: "invalid_query",
  });
  return request;
}

function readOption(query: URLSearchParams, name: string): unknown {
  const values = query.getAll(name);
  const [first] = values;
  if (first === undefined) return undefined;
  if (LISTS.has(name)) return values.flatMap((value) => value.split(",")).filter(Boolean);
  // A word that is no boolean reaches the schema, which says so.
  return TEXTS.has(name) ? first : (BOOLEANS.get(first.toLowerCase()) ?? first);
}

function group(entries: readonly (readonly [string, unknown])[]) {
  const present = entries.filter(([, value]) => value !== undefined);
  return present.length > 0 ? Object.fromEntries(present) : undefined;
}

function unknownParameters(names: readonly string[]): AppError {
  const errors = names.map((name) => ({
    pointer: `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    message: unknownName("parameter", name, KNOWN_NAMES),
  }));
  return new AppError("invalid_query", 422, errors[0]?.message ?? "Unknown parameter.", { errors });
}
