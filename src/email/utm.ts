/** Google's campaign parameters, in the order they are written. */
export const UTM_KEYS = [
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_term",
  "utm_content",
  "utm_id",
] as const;

export type UtmKey = (typeof UTM_KEYS)[number];

/** Values, not yet encoded; a missing or empty one adds nothing. */
export type UtmParams = { readonly [key in UtmKey]?: string | undefined };

/** `fill` keeps what the sender wrote, `overwrite` replaces it, `off` adds nothing. */
export type UtmMode = "fill" | "overwrite" | "off";

/**
 * Adds UTM parameters to a link by editing its text: what is not added or replaced stays byte for byte.
 *
 * `URLSearchParams` would turn `%20` into `+` and so break destinations that sign their query.
 *
 * @param href absolute http(s) URL, character references already decoded
 * @param mode in `fill` an existing key wins, compared decoded and without case
 * @returns    the tagged URL; idempotent in both modes
 * @see https://support.google.com/analytics/answer/10917952 (meaning of the parameters)
 */
export function addUtm(href: string, utm: UtmParams, mode: UtmMode = "fill"): string {
  const wanted = UTM_KEYS.filter((key) => utm[key]);
  if (mode === "off" || wanted.length === 0) return href;

  const { base, query, hash } = splitUrl(href);
  const kept = mode === "overwrite" ? withoutKeys(query, wanted) : query;
  const present = new Set(mode === "overwrite" ? [] : queryKeys(query));
  const added = wanted
    .filter((key) => !present.has(key))
    .map((key) => `${key}=${encodeURIComponent((utm[key] ?? "").toWellFormed())}`);
  if (added.length === 0) return href;

  const separator = kept === undefined || kept === "" || kept.endsWith("&") ? "" : "&";
  return `${base}?${kept ?? ""}${separator}${added.join("&")}${hash}`;
}

/** The parts of a URL as written: a `?` after `#` begins no query. */
export function splitUrl(href: string): { base: string; query: string | undefined; hash: string } {
  const hashAt = href.indexOf("#");
  const head = hashAt < 0 ? href : href.slice(0, hashAt);
  const hash = hashAt < 0 ? "" : href.slice(hashAt);
  const queryAt = head.indexOf("?");
  if (queryAt < 0) return { base: head, query: undefined, hash };
  return { base: head.slice(0, queryAt), query: head.slice(queryAt + 1), hash };
}

/** The keys of a query as written, decoded and in lower case. */
export function queryKeys(query: string | undefined): string[] {
  return (query ?? "").split("&").map(keyOf);
}

/**
 * Whether a URL carries a signature over its own query, which any added parameter would break:
 * Amazon S3, Google Cloud Storage, Amazon CloudFront.
 */
export function isSignedUrl(href: string): boolean {
  const { query } = splitUrl(href);
  if (query === undefined || !/signature/i.test(query)) return false;
  const keys = new Set(queryKeys(query));
  if (keys.has("x-amz-signature") || keys.has("x-goog-signature")) return true;
  return keys.has("signature") && (keys.has("key-pair-id") || keys.has("expires"));
}

/**
 * The automatic value of a parameter: words in lower case joined by `-`, letters of any script kept.
 *
 * @returns at most 60 characters; empty when the text holds no letter and no digit
 */
export function utmSlug(text: string): string {
  return text
    .slice(0, 200)
    .toLowerCase()
    .normalize("NFC")
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, "-")
    .slice(0, 60)
    .replaceAll(/^-+|-+$/g, "")
    .toWellFormed();
}

/** Keeps the `&` of an empty pair that a dropped one stood behind: a second pass must find it again. */
function withoutKeys(query: string | undefined, keys: readonly UtmKey[]): string | undefined {
  if (query === undefined) return undefined;
  const dropped: ReadonlySet<string> = new Set(keys);
  const pairs = query.split("&");
  const kept = pairs.filter((pair) => !dropped.has(keyOf(pair)));
  const isCut = kept.at(-1) === "" && dropped.has(keyOf(pairs.at(-1) ?? ""));
  return kept.join("&") + (isCut ? "&" : "");
}

function keyOf(pair: string): string {
  const equals = pair.indexOf("=");
  const key = equals < 0 ? pair : pair.slice(0, equals);
  if (!/[%+]/.test(key)) return key.toLowerCase();
  try {
    return decodeURIComponent(key.replaceAll("+", " ")).toLowerCase();
  } catch {
    return key.toLowerCase();
  }
}
