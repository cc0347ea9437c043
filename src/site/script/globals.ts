import type { Api } from "./core.ts";

declare global {
  interface Window {
    /** Before the script is there: a plain array of `[method, ...args]`. */
    clicktrail?: unknown[][] | Api;
    /** A tag manager's queue of events. */
    dataLayer?: unknown[];
    /** The consent tool's API by IAB Europe. */
    __tcfapi?: unknown;
  }
  interface Document {
    /** @see https://wicg.github.io/nav-speculation/prerendering.html */
    readonly prerendering?: boolean;
  }
  interface DocumentEventMap {
    readonly prerenderingchange: Event;
  }
  interface Navigator {
    /** @see https://privacycg.github.io/gpc-spec/ */
    readonly globalPrivacyControl?: boolean;
  }
}
