import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { LRUCache } from "lru-cache";
import { AppError } from "./errors.ts";

const MAX_KEY_LENGTH = 255;
const DAY_MS = 86_400_000;
/** Some 20 MB at most. */
const REMEMBERED = 100_000;

/**
 * The `Idempotency-Key` of a request, if it has one.
 *
 * @throws {AppError} `invalid_body` (400) when it is empty or over 255 characters
 */
export function readIdempotencyKey(headers: IncomingHttpHeaders): string | undefined {
  const key = headers["idempotency-key"];
  if (typeof key !== "string") return undefined;
  if (key !== "" && key.length <= MAX_KEY_LENGTH) return key;
  throw new AppError("invalid_body", 400, "An Idempotency-Key has 1 to 255 characters.", {
    hint: "Send a random UUID for each new request, and the same one again with a retry.",
  });
}

/** Remembers which request came under which key. */
export interface UsedKeys {
  /**
   * @param request what makes it this request: its body, and its address where that says something too
   * @throws {AppError} `key_reused` (422) when the key came with another request within a day
   */
  check(callerId: string, key: string, ...request: readonly (string | Buffer)[]): RequestIds;
}

/**
 * Makes the ids that the same request under the same key always gets, on every node and after every
 * restart: what is stored by them is stored once.
 *
 * @param what which of the ids that one request needs
 */
export type RequestIds = (what: string) => string;

/**
 * Each process remembers for itself, for a day: that only serves to name a mistake. Counting once needs no
 * memory, because the key makes the ids of what is stored.
 *
 * @param now milliseconds
 */
export function createUsedKeys(now: () => number): UsedKeys {
  // It takes all its room at once, and many a service is never sent a key.
  let requests: LRUCache<string, string> | undefined;
  return {
    check(callerId, key, ...request) {
      requests ??= new LRUCache({
        max: REMEMBERED,
        ttl: DAY_MS,
        perf: { now },
        ttlResolution: 0,
      });
      const scoped = `${callerId} ${key}`;
      const said = hashOf(request);
      const known = requests.get(scoped);
      if (known === undefined) requests.set(scoped, said);
      else if (known !== said) {
        throw new AppError("key_reused", 422, "This Idempotency-Key came with another request.", {
          hint: "Use a new key for a new request; nothing of this one was kept.",
        });
      }
      return (what) => hashOf([JSON.stringify([scoped, said, what])]).slice(0, 27);
    },
  };
}

function hashOf(parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("base64url");
}
