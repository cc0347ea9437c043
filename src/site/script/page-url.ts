/**
 * The page that a URL shows: what stands before a plain fragment, which only scrolls. Routes that live in the fragment
 * (`#/cart`, `#!cart`) count.
 */
export const pageOf = (url: string): string => url.replace(/#(?![/!]).*$/, "");
