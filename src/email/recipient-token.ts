import { timingSafeEqual } from "node:crypto";
import type { Key, KeyPair } from "../lib/keyring.ts";
import { decodeBase64Url, endsBadly } from "./binary.ts";

/** Who a link was sent to: opaque references of 11 characters of base64url, from `Refs`. */
export interface Recipient {
  readonly contact: string | null;
  readonly message: string | null;
}

/** What a recipient part names; it is no byte of the token, but under the MAC. */
type Kind = "contact+message" | "contact" | "message";

const KIND_LABELS: Readonly<Record<Kind, number>> = {
  "contact+message": 1,
  contact: 2,
  message: 3,
};

const REF_BYTES = 8;
/** Kind, length of the MAC and workspace: under the MAC, not in the token. */
const PREFIX_BYTES = 10;
/** 64 bits: a forged recipient would only ever count a click, never choose where it leads. */
const MAC_BYTES = 8;

/**
 * Seals a recipient into the second part of `/c/<link>/<recipient>`: the references and an HMAC-SHA256
 * cut to 64 bits, over workspace, kind and references.
 *
 * 32 characters with contact and message, 22 with one of them.
 *
 * @throws {RangeError} when neither is given
 */
export function sealRecipientToken(
  workspaceId: number,
  recipient: Recipient,
  keys: KeyPair,
): string {
  const token = assemble(workspaceId, recipient, keys.current, MAC_BYTES);
  // Only 24 bytes, divisible by 3, can end badly.
  return endsBadly(token) ? assemble(workspaceId, recipient, keys.current, MAC_BYTES + 1) : token;
}

/**
 * Opens a recipient part, or undefined when it is forged, cut, extended, spelled otherwise or of
 * another workspace.
 */
export function openRecipientToken(
  workspaceId: number,
  token: string,
  keys: KeyPair,
): Recipient | undefined {
  const bytes = token.length <= 34 ? decodeBase64Url(token) : undefined;
  if (!bytes) return undefined;
  if (bytes.length === REF_BYTES + MAC_BYTES) {
    const body = bytes.subarray(0, REF_BYTES);
    const tag = bytes.subarray(REF_BYTES);
    if (isGenuine(workspaceId, "contact", body, tag, keys)) {
      return { contact: body.toString("base64url"), message: null };
    }
    if (isGenuine(workspaceId, "message", body, tag, keys)) {
      return { contact: null, message: body.toString("base64url") };
    }
    return undefined;
  }
  const macLength = bytes.length - 2 * REF_BYTES;
  if (macLength !== MAC_BYTES && macLength !== MAC_BYTES + 1) return undefined;
  const body = bytes.subarray(0, 2 * REF_BYTES);
  const tag = bytes.subarray(2 * REF_BYTES);
  if (!isGenuine(workspaceId, "contact+message", body, tag, keys)) return undefined;
  return {
    contact: body.subarray(0, REF_BYTES).toString("base64url"),
    message: body.subarray(REF_BYTES).toString("base64url"),
  };
}

function kindOf(contact: string | null, message: string | null): Kind {
  if (contact !== null) return message === null ? "contact" : "contact+message";
  if (message !== null) return "message";
  throw new RangeError("A recipient needs a contact or a message.");
}

/** Filled anew for each token: a mail to 100,000 readers has as many. */
const assembled = Buffer.alloc(PREFIX_BYTES + 2 * REF_BYTES + MAC_BYTES + 1);

function assemble(
  workspaceId: number,
  { contact, message }: Recipient,
  key: Key,
  macLength: number,
): string {
  writePrefix(assembled, workspaceId, kindOf(contact, message), macLength);
  let end = PREFIX_BYTES;
  if (contact !== null) end += assembled.write(contact, end, "base64url");
  if (message !== null) end += assembled.write(message, end, "base64url");
  key.hmac(assembled.subarray(0, end)).copy(assembled, end, 0, macLength);
  return assembled.toString("base64url", PREFIX_BYTES, end + macLength);
}

function isGenuine(
  workspaceId: number,
  kind: Kind,
  body: Buffer,
  tag: Buffer,
  keys: KeyPair,
): boolean {
  return keys.accepted.some((key) =>
    timingSafeEqual(mac(workspaceId, kind, body, key, tag.length), tag),
  );
}

function mac(workspaceId: number, kind: Kind, body: Buffer, key: Key, length: number): Buffer {
  const sealed = Buffer.allocUnsafe(PREFIX_BYTES + body.length);
  writePrefix(sealed, workspaceId, kind, length);
  body.copy(sealed, PREFIX_BYTES);
  return key.hmac(sealed).subarray(0, length);
}

/** The length is under the MAC: else a long token cut by its last byte would be a genuine short one. */
function writePrefix(bytes: Buffer, workspaceId: number, kind: Kind, macLength: number): void {
  bytes[0] = KIND_LABELS[kind];
  bytes[1] = macLength;
  bytes.writeUInt32BE(Math.floor(workspaceId / 2 ** 32), 2);
  bytes.writeUInt32BE(workspaceId % 2 ** 32, 6);
}
