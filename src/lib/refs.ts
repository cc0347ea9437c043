import { createHmac } from "node:crypto";

/** Bytes of an erased key's hash: it must never match by accident, or a stranger's event is refused. */
const ERASED_BYTES = 16;

/** Bytes of a reference; 64 bits keep 10 million contacts apart but for a chance of 3 in a million. */
const REF_BYTES = 8;

/**
 * Opaque references of a workspace's contacts, messages and campaigns.
 *
 * A reference is a keyed hash, so every node makes the same one without asking the database, and
 * nobody without the workspace's `ref_key` can tell whose it is. 11 characters of base64url.
 */
export interface Refs {
  /** Of a contact: by the sender's own id where there is one, else by the address. */
  contact(contact: { id?: string | undefined; email?: string | undefined }): string | null;
  /** Of a message by the sender's own message id. */
  message(messageId: string): string;
  /** Of a campaign by its name. */
  campaign(name: string): string;
  /** What stays of a contact's reference, an anonymous id or an event's key when it is erased. */
  erased(kind: "contact" | "visitor" | "event", value: string): string;
}

/** @param refKey 32 random bytes, made with the workspace and never changed */
export function createRefs(refKey: Buffer): Refs {
  const hash = (kind: string, value: string, bytes = REF_BYTES): string =>
    createHmac("sha256", refKey)
      .update(`${kind}\0${value}`)
      .digest()
      .subarray(0, bytes)
      .toString("base64url");
  return {
    contact({ id, email }) {
      if (id !== undefined && id !== "") return hash("id", id);
      if (email !== undefined && email !== "") return hash("email", normalizeEmail(email));
      return null;
    },
    message: (messageId) => hash("message", messageId),
    campaign: (name) => hash("campaign", name),
    erased: (kind, value) => hash(`erased ${kind}`, value, ERASED_BYTES),
  };
}

/** An address as identity compares it: trimmed, lower case. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}
