/**
 * Whom an erasure looks for, in clear: kept only while it runs, so that it can be taken up again after a kill.
 */
export interface ErasurePlan {
  /** References that name the contact. */
  readonly refs: readonly string[];
  /** The sender's own ids, trimmed. */
  readonly userIds: readonly string[];
  /** Trimmed, lower case. */
  readonly emails: readonly string[];
  /** Anonymous ids of visitors that were nobody else's. */
  readonly visitors: readonly string[];
  /** Anonymous ids of visitors that were others' as well: only the contact's own part of them goes. */
  readonly shared: readonly string[];
  /** References of the messages that were sent to the contact alone. */
  readonly messages: readonly string[];
  /** Ids of its clicks. */
  readonly clicks: readonly string[];
}

/** What an erasure found and removed, by kind. */
export interface ErasureCounts {
  /** Facts of the log that became tombstones. */
  readonly events: number;
  /** Facts of others from which a mention was taken. */
  readonly redacted: number;
  /** Refused events that mentioned the contact. */
  readonly failed_events: number;
  /** Visitors that were the contact's alone. */
  readonly visitors: number;
}

export const NO_COUNTS: ErasureCounts = { events: 0, redacted: 0, failed_events: 0, visitors: 0 };

/** Digits alone are in every text: only a longer id is looked for inside of others. */
const LEAST_DISTINCTIVE = 6;

function isDistinctive(id: string): boolean {
  return id.length >= LEAST_DISTINCTIVE && (/\D/.test(id) || id.length > 2 * LEAST_DISTINCTIVE);
}

/**
 * What to look for inside of texts (URLs, properties, refused bodies), lower case: addresses, as they are and
 * as a URL writes them, and those ids that cannot stand there by chance.
 */
export function needlesOf({ refs, userIds, emails, visitors }: ErasurePlan): string[] {
  const names = [...emails, ...userIds.filter(isDistinctive)];
  const spelled = names.flatMap((name) => [
    name,
    encodeURIComponent(name),
    JSON.stringify(name).slice(1, -1),
  ]);
  const all = [...spelled, ...refs, ...visitors.filter(isDistinctive)];
  return [...new Set(all.map((text) => text.toLowerCase()))].sort((a, b) => b.length - a.length);
}
