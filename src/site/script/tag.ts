const tag = (document.currentScript ??
  document.querySelector('script[data-key][src*="/t."]')) as HTMLScriptElement;

/** The attributes of the script's own tag: `data-key`, `data-click-param`, `data-privacy`, `data-consent`, `data-auto`. */
export const { key, clickParam = "jt", privacy, consent, auto } = tag.dataset;

/** Where the script comes from and everything else lies, with a slash at its end. */
export const folder: URL = new URL(".", tag.src);
