import { createRecentCache } from "../../lib/recent-cache.ts";
import { queryKeys, splitUrl } from "../utm.ts";
import {
  cleanUrl,
  comparableUrl,
  formDestination,
  MAX_DESTINATION_LENGTH,
  parseUrl,
} from "./destination.ts";
import type { RewriteOptions } from "./options.ts";

/** Why a link was left alone. */
export type SkipReason =
  | "already_tracked"
  | "empty"
  | "excluded_domain"
  | "fragment"
  | "invalid"
  | "merge_host"
  | "merge_tag"
  | "merge_unbalanced"
  | "merge_whole"
  | "opt_out"
  | "relative"
  | "scheme"
  | "schemeless"
  | "unsubscribe"
  | "url_too_long"
  | "userinfo";

/** Either where a link leads, in the form that `Location` carries, or why it is left alone. */
type Verdict =
  | { readonly destination: string; readonly parsed: URL }
  | { readonly reason: SkipReason };

/** What an element says about its link, beside the URL. */
export interface LinkHints {
  readonly optOut: boolean;
  /** `rel` names it as the way to unsubscribe. */
  readonly unsubscribe: boolean;
}

/** Judges the URLs of one mail. */
export interface Eligibility {
  /** @param url the decoded value, white space and all */
  judge(url: string, hints: LinkHints): Verdict;
  /** Whether the URL is one of ours; a merge tag may stand in it. */
  isTracked(url: string): boolean;
}

interface EligibilityInput {
  readonly options: RewriteOptions;
  /** Our own base URL and every alias of it, e.g. `https://click.example.com`. */
  readonly trackingBases: readonly string[];
  /** What relative links resolve against, if anything. */
  readonly base: string | undefined;
}

/** Compiles the rules of a mail once, for all of its links. */
export function createEligibility(input: EligibilityInput): Eligibility {
  const { options } = input;
  const isTracked = createTrackedTest(input.trackingBases);
  const excluded = options.exclude_domains.map(toHost);
  const unsubscribeUrls = new Set(
    options.unsubscribe_urls.map((url) => comparableUrl(url.trim().replace(/^<(.*)>$/s, "$1"))),
  );

  function judge(url: string, hints: LinkHints): Verdict {
    const text = cleanUrl(url);
    if (text === "") return { reason: "empty" };
    if (text.startsWith("#")) return { reason: "fragment" };
    const absolute = toAbsolute(text, input);
    if ("reason" in absolute) return absolute;
    if (absolute.url.length > MAX_DESTINATION_LENGTH) return { reason: "url_too_long" };
    const parsed = parseUrl(absolute.url);
    if (!parsed || !/^https?:$/.test(parsed.protocol)) return { reason: "invalid" };
    const reason = refuse(parsed, absolute.url, hints);
    return reason ? { reason } : accept(absolute.url, parsed);
  }

  function refuse(parsed: URL, url: string, hints: LinkHints): SkipReason | undefined {
    if (isTracked(url)) return "already_tracked";
    if (hints.optOut) return "opt_out";
    if (!options.track_userinfo && hasUserinfo(parsed)) return "userinfo";
    if (excluded.some((domain) => isWithin(parsed.hostname, domain))) return "excluded_domain";
    if (options.track_unsubscribe) return undefined;
    const unsubscribes = hints.unsubscribe || isUnsubscribeUrl(parsed);
    return unsubscribes || unsubscribeUrls.has(parsed.href) ? "unsubscribe" : undefined;
  }

  return { judge, isTracked };
}

function hasUserinfo({ username, password }: URL): boolean {
  return username !== "" || password !== "";
}

function accept(url: string, parsed: URL): Verdict {
  const destination = formDestination(url);
  if (destination.length > MAX_DESTINATION_LENGTH) return { reason: "url_too_long" };
  return { destination, parsed };
}

const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
/** `www.…`, `example.com/…`, `example.com:8080`: meant as a host, but no URL. */
const HOST_LIKE = /^(www\.[^\s/]+|[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(:\d+)?)([/?#]|$)/i;
const HOST_AND_PORT = /^[a-z0-9-]+(\.[a-z0-9-]+)+:\d+([/?#]|$)/i;
/** Endings that are files far more often than hosts. */
const FILE_LIKE = /^[^/?#]+\.(html?|php|aspx?|jsp|pdf|png|jpe?g|gif|svg|txt|xml|css|js)([?#]|$)/i;

function toAbsolute(
  text: string,
  { options, base }: EligibilityInput,
): { url: string } | { reason: SkipReason } {
  if (/^[\\/]{2}/.test(text)) {
    // A network-path reference is a relative one too (RFC 3986 4.2): the same setting governs it.
    return options.use_base ? { url: `https:${text}` } : { reason: "relative" };
  }
  const scheme = schemeOf(text);
  if (scheme === "http" || scheme === "https") {
    // `https:x` is relative to a base of the same scheme and absolute to any other.
    return /^https?:[\\/]{2}/i.test(text) ? { url: text } : { reason: "invalid" };
  }
  if (scheme !== undefined) return { reason: "scheme" };
  if (HOST_LIKE.test(text) && !FILE_LIKE.test(text)) {
    return options.fix_schemeless ? { url: `https://${text}` } : { reason: "schemeless" };
  }
  const resolved = options.use_base && base !== undefined ? parseUrl(text, base) : null;
  return resolved ? { url: resolved.href } : { reason: "relative" };
}

/** Of `example.com:8080` there is none. */
function schemeOf(text: string): string | undefined {
  return HOST_AND_PORT.test(text) ? undefined : SCHEME.exec(text)?.[1]?.toLowerCase();
}

/** A domain as URLs spell it: punycode, lower case, without the dots around it. */
function toHost(domain: string): string {
  const name = domain.trim().replace(/^\.+|\.+$/g, "");
  return parseUrl(`http://${name}`)?.hostname ?? name.toLowerCase();
}

function isWithin(hostname: string, domain: string): boolean {
  const host = hostname.replace(/\.$/, "");
  return host === domain || host.endsWith(`.${domain}`);
}

const UNSUBSCRIBE_SEGMENT = /^(unsubscribe|unsub|opt-?out|list-unsubscribe)$/i;
const UNSUBSCRIBE_KEY = /^(unsubscribe|unsub|optout|opt_out)$/;

/** A path segment or a query key says so; a slug such as `why-people-unsubscribe` does not. */
function isUnsubscribeUrl(url: URL): boolean {
  if (!/unsub|opt/i.test(url.pathname + url.search)) return false;
  const segments = url.pathname.split("/").map((part) => part.replace(/\.(php|html?|aspx?)$/i, ""));
  if (segments.some((segment) => UNSUBSCRIBE_SEGMENT.test(segment))) return true;
  return queryKeys(splitUrl(url.href).query).some((key) => UNSUBSCRIBE_KEY.test(key));
}

const TRACKED_SHAPE = /^(https?:)?[\\/]{2}([^\\/?#]*)([^?#]*)/i;

/**
 * Makes the test for URLs of ours. Hosts are compared as hosts, never as string prefixes:
 * `t.example.evil.example` is not `t.example`.
 *
 * @param bases our own base URL and every alias of it
 */
export function createTrackedTest(bases: readonly string[]): (url: string) => boolean {
  const own = bases.map(describeBase);
  return (url) => {
    if (!/[\\/][co][\\/]/.test(url)) return false;
    const [, scheme = "https:", authority = "", path = ""] =
      TRACKED_SHAPE.exec(cleanUrl(url)) ?? [];
    const host = authority === "" ? undefined : parseUrl(`${scheme}//${authority}`)?.host;
    return own.some((base) => host === base.host && startsWithAny(path, base.path));
  };
}

interface TrackingBase {
  readonly host: string;
  /** Without a slash at its end. */
  readonly path: string;
}

/** The same few for every mail: reading a URL costs as much as a fifth of a small one. */
const knownBases = createRecentCache<TrackingBase>(100);

function describeBase(base: string): TrackingBase {
  const known = knownBases.get(base);
  if (known) return known;
  const { host, pathname } = new URL(base);
  const described = { host, path: pathname.replace(/\/+$/, "") };
  knownBases.set(base, described);
  return described;
}

function startsWithAny(path: string, basePath: string): boolean {
  const slashed = path.replaceAll("\\", "/");
  return slashed.startsWith(`${basePath}/c/`) || slashed.startsWith(`${basePath}/o/`);
}
