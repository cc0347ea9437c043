/** The parameter's value, and the URL without it, otherwise the same text. */
export type Taken = readonly [value: string, url: string];

/**
 * Takes a parameter, such as that of the click, out of a URL: from its query or its fragment.
 *
 * @param name as the redirect adds it: letters, digits, `-` and `_`
 * @returns    undefined when the URL does not carry it
 */
export function takeFrom(url: string, name: string): Taken | undefined {
  let value: string | undefined;
  const run = new RegExp(`([?&#])(?:${name}=[^&#]*(?:&|(?=#)|$))+`, "g");
  const stripped = url.replace(run, (all, before: string) => {
    value ??= all.slice(1).split(/[=&]/)[1];
    return all.endsWith("&") ? before : "";
  });
  return value === undefined ? undefined : [value, stripped];
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
