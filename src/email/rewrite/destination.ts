/** Longest destination that is carried; a longer link stays as it is. */
export const MAX_DESTINATION_LENGTH = 8192;

/** Printable ASCII without space. */
const PLAIN = /^[!-~]+$/;

/**
 * A destination as `Location` carries it: what the author wrote where every browser takes it for the
 * same URL, else as a browser would send it (punycode, `%XX`, `/` for `\`).
 *
 * @param text an absolute http(s) URL that parses
 * @returns    ASCII without white space or control characters
 */
export function formDestination(text: string): string {
  return PLAIN.test(text) && !hasAmbiguousHost(text) ? text : new URL(text).href;
}

/** A reader that takes `\` for an ordinary character would read the host of `http://a\@b` as b. */
function hasAmbiguousHost(text: string): boolean {
  const at = text.indexOf("\\");
  return at !== -1 && text.includes("@", at);
}

/** `new URL()` without the exception; null when the text is no URL (`URL.parse` is newer than Node 20). */
export function parseUrl(text: string, base?: string): URL | null {
  // Asking `canParse` first would read every good URL twice.
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}

/** A URL such that two spellings of one address are equal. */
export function comparableUrl(url: string): string {
  const clean = cleanUrl(url);
  return parseUrl(clean)?.href ?? clean;
}

/** Removes what a browser ignores in a URL: tab and line ends anywhere, controls and spaces around. */
export function cleanUrl(text: string): string {
  return trimControls(/[\t\n\r]/.test(text) ? text.replaceAll(/[\t\n\r]/g, "") : text);
}

function trimControls(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 32) start += 1;
  while (end > start && text.charCodeAt(end - 1) <= 32) end -= 1;
  return text.slice(start, end);
}
