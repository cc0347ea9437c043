import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { LRUCache } from "lru-cache";
import { AppError } from "../lib/errors.ts";

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

/** Remembers which body came under which key. */
export interface UsedKeys {
  /** @throws {AppError} `key_reused` (422) when the key came with another body within a day */
  check(callerId: string, key: string, body: Buffer): void;
}

/**
 * Each process remembers for itself, for a day: that only serves to name a mistake. Counting once needs no
 * memory, because the key makes the ids of the events (`message-id.ts`).
 *
 * @param now milliseconds
 */
export function createUsedKeys(now: () => number): UsedKeys {
  const bodies = new LRUCache<string, string>({
    max: REMEMBERED,
    ttl: DAY_MS,
    perf: { now },
    ttlResolution: 0,
  });
  return {
    check(callerId, key, body) {
      const scoped = `${callerId} ${key}`;
      const hash = createHash("sha256").update(body).digest("base64");
      const known = bodies.get(scoped);
      if (known === undefined) bodies.set(scoped, hash);
      else if (known !== hash) {
        throw new AppError("key_reused", 422, "This Idempotency-Key came with another body.", {
          hint: "Use a new key for a new request; nothing of this one was kept.",
        });
      }
    },
  };
}
