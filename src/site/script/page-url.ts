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
export function findSearchTerm(search: string): string | null {
  const query = new URLSearchParams(search);
  const keys = ["q", "s", "search", "query", "keyword"];
  return keys.map((key) => query.get(key)).find(Boolean) ?? null;
}
