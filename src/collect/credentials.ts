import type { IncomingHttpHeaders } from "node:http";
import type { Caller } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";

interface KeyedRequest {
  readonly headers: IncomingHttpHeaders;
  readonly query: Readonly<Record<string, unknown>>;
}

/**
 * Finds whose key a request carries, which may send events.
 *
 * @param findKey the caller a key belongs to, from memory
 * @param bodyKey the key in the request's body
 * @throws {AppError} `unauthorized` (401) without a known key, `forbidden` (403) for one that may not send
 */
export function findCaller(
  findKey: (secret: string) => Caller | undefined,
  { headers, query }: KeyedRequest,
  bodyKey: string | null,
): Caller {
  for (const key of findKeys(headers, query["writeKey"], bodyKey)) {
    const caller = findKey(key);
    if (!caller) continue;
    if (caller.scopes.has("collect") || caller.scopes.has("admin")) return caller;
    throw new AppError("forbidden", 403, "This key may not send events.", {
      hint: "Use a site key, or a key with the scope collect.",
    });
  }
  throw new AppError("unauthorized", 401, "The write key is missing or unknown.", {
    hint: "Send it as Basic user name, as Bearer token, or as writeKey in the body or the query.",
  });
}

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
