import { timingSafeEqual } from "node:crypto";
import type { KeyPair } from "../../lib/keyring.ts";

/** The draft that a preview link shows. */
export interface PreviewOf {
  readonly workspaceId: number;
  readonly siteId: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** Bytes of the tag: 128 bits. */
const TAG_BYTES = 16;

/** Signs the token of a preview link: `<expiry>.<workspace>.<site>.<tag>`, all of it safe in a URL. */
export function sealPreview({ workspaceId, siteId, expiresAt }: PreviewOf, keys: KeyPair): string {
  const text = `${expiresAt.toString(36)}.${workspaceId}.${siteId}`;
  return `${text}.${tagOf(text, keys.current).toString("base64url")}`;
}

/** What a token opens; undefined when it is forged, cut or over. */
export function openPreview(token: string, keys: KeyPair, now: number): PreviewOf | undefined {
  const [, text = "", expiry = "", workspace = "", siteId = "", tag = ""] =
    /^(([0-9a-z]{1,12})\.(\d{1,15})\.([\w-]{1,64}))\.([\w-]{22})$/.exec(token) ?? [];
  const given = Buffer.from(tag, "base64url");
  const isOurs = keys.accepted.some((key) => {
    const expected = tagOf(text, key);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  const expiresAt = Number.parseInt(expiry, 36);
  if (!isOurs || expiresAt <= now) return undefined;
  return { workspaceId: Number(workspace), siteId, expiresAt };
}

function tagOf(text: string, { hmac }: KeyPair["current"]): Buffer {
  return Buffer.from(hmac(Buffer.from(text)).subarray(0, TAG_BYTES));
}
