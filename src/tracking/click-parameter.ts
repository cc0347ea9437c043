import { createRecentCache } from "../lib/recent-cache.ts";

/** Where the click parameter goes in a destination, and whether it may go there at all. */
interface Place {
  /** host, or host:port when a port is written. */
  readonly host: string;
  readonly before: string;
  readonly after: string;
}

/** Destinations whose place is remembered; parsing one costs more than the rest of a redirect. */
const REMEMBERED = 10_000;

interface ClickParameterDeps {
  /** `CLICK_PARAM`. */
  readonly name: string;
  /** Whether a site with this host is registered in the workspace. */
  isSiteHost(workspaceId: number, host: string): boolean;
}

/** Adds the click parameter to a destination; returns it unchanged where it does not belong. */
export type AddClickParameter = (
  workspaceId: number,
  destination: string,
  clickId: string,
) => string;

/**
 * Makes the function that carries a click to a registered site: after UTM, before the fragment.
 *
 * Never to third parties, and never to a signed URL: one more parameter would void its signature.
 */
export function createClickParameter({ name, isSiteHost }: ClickParameterDeps): AddClickParameter {
  const places = createRecentCache<Place | "nowhere">(REMEMBERED);
  return (workspaceId, destination, clickId) => {
    let place = places.get(destination);
    if (place === undefined) {
      place = findPlace(destination, name);
      places.set(destination, place);
    }
    if (place === "nowhere" || !isSiteHost(workspaceId, place.host)) return destination;
    return `${place.before}${name}=${clickId}${place.after}`;
  };
}

function findPlace(destination: string, name: string): Place | "nowhere" {
  const url = URL.canParse(destination) ? new URL(destination) : undefined;
  if (!url || isSigned(url.searchParams) || url.searchParams.has(name)) return "nowhere";
  const hashAt = destination.indexOf("#");
  const end = hashAt === -1 ? destination.length : hashAt;
  const head = destination.slice(0, end);
  const queryAt = head.indexOf("?");
  const joiner = queryAt === -1 ? "?" : /[?&]$/.test(head) ? "" : "&";
  return { host: url.host, before: head + joiner, after: destination.slice(end) };
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
function isSigned(query: URLSearchParams): boolean {
  return (
    query.has("X-Amz-Signature") ||
    query.has("X-Goog-Signature") ||
    (query.has("Signature") && (query.has("Key-Pair-Id") || query.has("Expires")))
  );
}
