/** The snippet's own tag: in this bundle it stands in the place of `../tag.ts`, for the queue and whatever sends it. */
const tag = document.currentScript as HTMLScriptElement;

const [, folderOfTag = "", keyOfTag = ""] =
  /^(.*\/)analytics\.js\/v1\/([^/]+)\//.exec(tag.src) ?? [];

/** The write key, as the snippet's address names it. */
export const key: string = decodeURIComponent(keyOfTag);

/** Where the service lies, with a slash at its end. */
export const folder: URL = new URL(folderOfTag);

/** Passed on to what is loaded. */
export const nonce: string = tag.nonce;

/** What the page calls the library. */
export const globalName: string =
  tag.getAttribute("data-global-segment-analytics-key") ?? "analytics";
