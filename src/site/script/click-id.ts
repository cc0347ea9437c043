/** A page's URL and the click it was landed from. */
export interface Landing {
  /** The URL without the parameter, otherwise the same text. */
  readonly url: string;
  readonly clickId: string;
}

/**
 * Takes the click parameter out of a URL, from its query or its fragment.
 *
 * @param name as the redirect adds it: letters, digits, `-` and `_`
 * @returns    undefined when the URL does not carry it
 */
export function takeClickId(url: string, name: string): Landing | undefined {
  let clickId: string | undefined;
  const run = new RegExp(`([?&#])(?:${name}=[^&#]*(?:&|(?=#)|$))+`, "g");
  const stripped = url.replace(run, (all, before: string) => {
    clickId ??= all.slice(1).split(/[=&]/)[1];
    return all.endsWith("&") ? before : "";
  });
  return clickId === undefined ? undefined : { url: stripped, clickId };
}

/** A click older than this claims nobody any more, so its id is no longer sent. */
const FRESH_MS = 18e5;

/** Writes a click id with the moment it was seen, for the session's storage. */
export function rememberClick(clickId: string, now: number): string {
  return `${now}.${clickId}`;
}

/** The remembered click id while it is fresh. */
export function recallClick(remembered: string | null, now: number): string | undefined {
  const [at, clickId] = (remembered ?? "").split(".");
  return clickId && now - Number(at) < FRESH_MS ? clickId : undefined;
}
