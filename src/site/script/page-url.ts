/**
 * Whether a change of URL is another page: any change but that of a plain fragment, which only scrolls.
 * Routes that live in the fragment (`#/cart`, `#!cart`) count.
 */
export function isNewPage(from: string, to: string): boolean {
  return pageOf(from) !== pageOf(to);
}

function pageOf(url: string): string {
  return url.replace(/#(?![/!]).*$/, "");
}

/** The text a visitor searched for on the site, by the query keys that sites use for it. */
export function findSearchTerm(search: string): string | undefined {
  const [, text] = /[?&](?:q|s|search|query|keyword)=([^&]+)/.exec(search) ?? [];
  return text && decodeURIComponent(text.replace(/\+/g, " "));
}
