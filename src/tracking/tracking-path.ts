/** The parts of `/c/<link>/<recipient>` or `/o/<link>/<recipient>.gif`, as they stand in the request. */
export interface TrackingPath {
  readonly kind: "click" | "open";
  readonly link: string;
  readonly recipient: string;
  /** What follows `?`, without it; mail clients and scanners append things of their own. */
  readonly query: string;
}

/** What text clients glue to the end of a URL, also percent-encoded. No token ends in any of it. */
const GLUED = /(?:[.,;:!?)\]>}'"*_~»”’]|%3E|%29|%22|%27)+$/i;

/** No token and what is glued to it is longer; cutting takes the square of the length of what is no token. */
const LONGEST_GLUED = 256;

/**
 * Takes a tracking URL's path apart; undefined when it is not one of ours.
 *
 * @param url      path and query of the request
 * @param basePath path of BASE_URL without its trailing slash: `` or `/track`
 */
export function parseTrackingPath(url: string, basePath: string): TrackingPath | undefined {
  if (!url.startsWith(basePath)) return undefined;
  const start = basePath.length;
  const door = url.slice(start, start + 3);
  if (door !== "/c/" && door !== "/o/") return undefined;
  const queryAt = url.indexOf("?", start);
  const end = queryAt === -1 ? url.length : queryAt;
  const slash = url.indexOf("/", start + 3);
  const linkEnd = slash === -1 || slash > end ? end : slash;
  const recipient = url.slice(Math.min(linkEnd + 1, end), end);
  return {
    kind: door === "/c/" ? "click" : "open",
    link: url.slice(start + 3, linkEnd),
    recipient: door === "/o/" ? recipient.replace(/\.gif$/i, "") : recipient,
    query: queryAt === -1 ? "" : url.slice(queryAt + 1),
  };
}

/**
 * The same path as a mangling client may have meant it: percent-decoded, without glued punctuation.
 * Undefined when nothing was there to mend.
 */
export function mendTrackingPath(path: TrackingPath): TrackingPath | undefined {
  if (path.recipient.length > LONGEST_GLUED) return undefined;
  const link = decode(path.link);
  const recipient = decode(path.recipient.replace(GLUED, "")).replace(GLUED, "");
  if (link === path.link && recipient === path.recipient) return undefined;
  return { ...path, link, recipient };
}

/** Some gateways lower the case of whole URLs: two dozen letters of a token are of one case by no chance. */
export function isCaseChanged({ link }: TrackingPath): boolean {
  const letters = link.replace(/[^a-z]/gi, "");
  return (
    letters.length >= 24 && (letters === letters.toLowerCase() || letters === letters.toUpperCase())
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
