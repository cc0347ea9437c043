/**
 * What broken integrations send instead of a user id. One contact for all of them is the accident
 * that recurs in every product of this kind (posthog#5527, posthog-js#512).
 */
const JUNK_ID =
  /^(?:[0-]*|-1|null|undefined|none|nan|nil|anonymous|guest|true|false|id|userid|user_id|distinct_id|not_authenticated|\[object object\])$/i;

const MAX_EMAIL_LENGTH = 320;

/** Whether an id is what a broken integration sends in place of one. */
export function isJunkId(id: string): boolean {
  return JUNK_ID.test(id.trim());
}

/** The user id as identity compares it (trimmed), or null when there is none or it is junk. */
export function cleanUserId(userId: string | null | undefined): string | null {
  const trimmed = userId?.trim() ?? "";
  return isJunkId(trimmed) ? null : trimmed;
}

/** The email as identity compares it (trimmed, lower case), or null when it can't be an address. */
export function cleanEmail(email: string | null | undefined): string | null {
  const trimmed = email?.trim().toLowerCase() ?? "";
  return trimmed.length <= MAX_EMAIL_LENGTH && /^[^\s@]+@[^\s@]+$/.test(trimmed) ? trimmed : null;
}
