/** The parameter's value, if the URL carries it, and the URL without it, otherwise the same text. */
export type Taken = readonly [value: string | undefined, url: string];

/**
 * Takes a parameter, such as that of the click, out of a URL: from its query or its fragment.
 *
 * @param name as the redirect adds it: letters, digits, `-` and `_`
 */
export const takeFrom = (url: string, name: string): Taken => {
  let value: string | undefined;
  const run = new RegExp(`([?&#])${name}=([^&#]*)(?:&${name}=[^&#]*)*(&?)`, "g");
  const rest = url.replace(run, (_run, before: string, found: string, after: string) => {
    value ??= found;
    return after && before;
  });
  return [value, rest];
};

/** A click older than this claims nobody any more, so its id is no longer sent. */
const FRESH_MS = 18e5;

/** Writes a click id with the moment it was seen, for the session's storage. */
export const rememberClick = (clickId: string, now: number): string => `${now}.${clickId}`;

/** The remembered click id while it is fresh. */
export function recallClick(remembered: string | undefined, now: number): string | undefined {
  const [at, clickId] = `${remembered}`.split(".");
  return now - Number(at) < FRESH_MS ? clickId : undefined;
}
