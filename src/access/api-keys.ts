import { createHash } from "node:crypto";
import type { Scope } from "../lib/caller.ts";
import { createSecret } from "../lib/ids.ts";

/** Every scope there is, in the order lists show them. */
export const SCOPES = ["rewrite", "collect", "read", "admin"] as const satisfies readonly Scope[];

/** `secret` keys belong on servers; `site` keys stand in a public page and only add events. */
export type KeyKind = "secret" | "site";

/** A key as it is minted: `key` is shown once, `hash` is what is kept. */
export interface MintedKey {
  id: string;
  key: string;
  /** The start of the key, enough to recognise it in a list. */
  prefix: string;
  hash: string;
}

const PREFIX: Record<KeyKind, string> = { secret: "ct_", site: "cts_" };
const ID_LENGTH = 8;
const SECRET_LENGTH = 32;

/** Mints `ct_<8>_<32>` or, for a site, `cts_<8>_<32>`: 190 random bits behind a readable name. */
export function mintKey(kind: KeyKind): MintedKey {
  const id = createSecret(ID_LENGTH);
  const prefix = PREFIX[kind] + id;
  const key = `${prefix}_${createSecret(SECRET_LENGTH)}`;
  return { id, key, prefix, hash: hashSecret(key) };
}

/** SHA-256 of a key, link token or session token as base64url: all that is ever stored of it. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

/**
 * Takes the key out of an `Authorization` header: `Bearer <key>`, or Basic with the key as user
 * name, which is what most collection clients send.
 *
 * @returns undefined when there is none
 * @see https://www.rfc-editor.org/rfc/rfc7617
 */
export function presentedKey(authorization: string | undefined): string | undefined {
  const [, scheme = "", value = ""] = /^(\w+) +(\S+) *$/.exec(authorization ?? "") ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return value;
    case "basic":
      return Buffer.from(value, "base64").toString("utf8").split(":", 1)[0] || undefined;
    default:
      return undefined;
  }
}
