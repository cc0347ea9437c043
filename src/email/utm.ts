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
  return addUtmPairs(href, encodeUtm(utm), mode);
}

/** A parameter as it is written into a query. */
export interface UtmPair {
  readonly key: UtmKey;
  /** `key=value`, encoded. */
  readonly text: string;
}

/** Encodes values once, for all links that get the same ones. */
export function encodeUtm(utm: UtmParams): UtmPair[] {
  return UTM_KEYS.flatMap((key) => {
    const value = utm[key];
    return value ? [{ key, text: `${key}=${encodeURIComponent(value.toWellFormed())}` }] : [];
  });
}

/** `addUtm` with parameters that are encoded already. */
export function addUtmPairs(href: string, pairs: readonly UtmPair[], mode: UtmMode): string {
  if (mode === "off" || pairs.length === 0) return href;

  const { base, query, hash } = splitUrl(href);
  const overwrites = mode === "overwrite";
  const kept = overwrites ? withoutKeys(query, new Set(pairs.map(({ key }) => key))) : query;
  const present = overwrites ? [] : queryKeys(query);
  const added = pairs.filter(({ key }) => !present.includes(key)).map(({ text }) => text);
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
  return query === undefined ? [] : query.split("&").map(keyOf);
}

/**
 * Whether a URL carries a signature over its own query, which any added parameter would break:
 * Amazon S3, Google Cloud Storage, Amazon CloudFront.
 */
export function isSignedUrl(href: string): boolean {
  if (!/signature/i.test(href)) return false;
  const { query } = splitUrl(href);
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
function withoutKeys(query: string | undefined, dropped: ReadonlySet<string>): string | undefined {
  if (query === undefined) return undefined;
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
