import { createHmac } from "node:crypto";

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
}

/** @param refKey 32 random bytes, made with the workspace and never changed */
export function createRefs(refKey: Buffer): Refs {
  const hash = (kind: string, value: string): string =>
    createHmac("sha256", refKey)
      .update(`${kind}\0${value}`)
      .digest()
      .subarray(0, REF_BYTES)
      .toString("base64url");
  return {
    contact({ id, email }) {
      if (id !== undefined && id !== "") return hash("id", id);
      if (email !== undefined && email !== "") return hash("email", normalizeEmail(email));
      return null;
    },
    message: (messageId) => hash("message", messageId),
    campaign: (name) => hash("campaign", name),
  };
}

/** An address as identity compares it: trimmed, lower case. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}
