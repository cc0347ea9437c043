import type { IncomingHttpHeaders } from "node:http";

/**
 * Tells whether a request comes from one of our own pages.
 *
 * By `Origin`, which every browser sends with a POST and no page can forge, against the host it was
 * sent to or the public one; without it by `Sec-Fetch-Site`. Neither: not ours.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function isSameOrigin(headers: IncomingHttpHeaders, baseUrl: string): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return headers["sec-fetch-site"] === "same-origin";
  if (!URL.canParse(origin)) return false;
  const sender = new URL(origin);
  return sender.origin === new URL(baseUrl).origin || sender.host === host?.toLowerCase();
}

/**
 * Where to go after signing in: a path of our own, else `/`. Refuses `//host`, `/\host` and every
 * other spelling that a browser would take for another site.
 */
export function safeNextPath(next: unknown): string {
  return typeof next === "string" && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) && !next.includes("\\")
    ? next
    : "/";
}
