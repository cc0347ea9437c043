import type { IncomingHttpHeaders } from "node:http";

/**
 * Every key a request may carry, in the order they are tried.
 *
 * Basic `key:` (the colon may be missing), Bearer, `X-Write-Key` (Jitsu writes `id:secret`), the query's
 * `writeKey`, the body's. Jitsu masks the one in the body, so a later form never overrides an earlier.
 */
export function findKeys(
  headers: IncomingHttpHeaders,
  queryKey: unknown,
  bodyKey: string | null,
): string[] {
  const header = headers["x-write-key"];
  const keys = [
    ...authorizationKeys(headers.authorization ?? ""),
    ...(typeof header === "string" ? [header, ...header.split(":")] : []),
    ...(typeof queryKey === "string" ? [queryKey] : []),
    ...(bodyKey === null ? [] : [bodyKey]),
  ];
  return [...new Set(keys.map((key) => key.trim()).filter((key) => key !== ""))];
}

function authorizationKeys(authorization: string): string[] {
  const [, scheme = "", value = ""] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === "bearer") return [value];
  if (scheme.toLowerCase() !== "basic") return [];
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return [colon === -1 ? text : text.slice(0, colon)];
}
