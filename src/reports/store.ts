import type { Db, Sql } from "../db/db.ts";
import { empty, join, sql } from "../db/sql.ts";
import { normalizeEmail, type Refs } from "../lib/refs.ts";
import { toStorableText } from "../lib/storable.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { toIsoTime } from "./iso-time.ts";
import {
  type JourneyEntry,
  type JourneyRecord,
  type ShownDetails,
  toEntry,
  toShown,
  type VerdictName,
} from "./journey.ts";
import { repeatOf } from "./repeats.ts";

/** A contact as lists show it. Times are ISO 8601 UTC. */
export interface ContactSummary {
  /** Ours: 11 characters of base64url. */
  readonly id: string;
  /** The sender's own id, where one is known. */
  readonly user_id: string | null;
  readonly email: string | null;
  readonly traits: Record<string, unknown>;
  readonly first_seen_at: string;
  /** The last thing the person did; of who has only been written to, the first mail. */
  readonly last_active_at: string;
}

export interface ContactQuery {
  /** Beginning of an email or user id; empty for all. */
  readonly q: string;
  readonly cursor: string | undefined;
  readonly limit: number;
}

export interface ContactList {
  readonly contacts: readonly ContactSummary[];
  /** Cursor of the following page, or null. */
  readonly next: string | null;
}

export interface JourneyQuery {
  readonly cursor: string | undefined;
  readonly limit: number;
  /** Undefined: all. */
  readonly verdicts: readonly VerdictName[] | undefined;
  /** Leaves out what is never judged (a mail sent, say) when `verdicts` are given. */
  readonly onlyJudged?: boolean;
}

/** Whether an event of a workspace is marked as a conversion. */
export type IsConversion = (workspaceId: number, name: string) => boolean;

/** A page of a contact's journey, newest first. */
export interface JourneyPage {
  readonly entries: readonly (JourneyEntry & ShownDetails)[];
  readonly next: string | null;
}

/** A row of `contacts`, as far as it is shown. */
export interface ContactRecord {
  readonly contact: number;
  readonly contact_id: string;
  readonly user_id: string | null;
  readonly email: string | null;
  readonly traits: string;
  readonly first_seen_at: number;
  readonly last_seen_at: number;
}

/**
 * Lists contacts, last active first, or those with an email or user id that begins with `q`.
 *
 * Reads a range of the index (workspace, last seen, contact), or of (workspace, value) for a search.
 *
 * @throws {AppError} `invalid_query` for a foreign cursor
 */
export async function listContacts(
  db: Db,
  workspaceId: number,
  { q, cursor, limit }: ContactQuery,
): Promise<ContactList> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const behind = after
    ? sql`AND (c.last_seen_at, c.contact) < (${after.at}, ${after.number})`
    : empty;
  const rows = await db.all<ContactRecord>(sql`
    SELECT c.contact, c.contact_id, c.user_id, c.email, c.traits, c.first_seen_at, c.last_seen_at
    FROM ${matching(workspaceId, q)} contacts AS c
    WHERE c.workspace_id = ${workspaceId} ${q.trim() === "" ? empty : sql`AND c.contact = m.contact`}
      ${behind}
    ORDER BY c.last_seen_at DESC, c.contact DESC
    LIMIT ${limit + 1}`);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    contacts: page.map(toSummary),
    next: rows.length > limit && last ? writeCursor(last.last_seen_at, last.contact) : null,
  };
}

/**
 * The contacts that a search finds, before the list they are joined to: few, as a rule, so SQLite,
 * which keeps the order of a CROSS JOIN, should begin with them. A range finds the beginning of a text
 * by the index; LIKE would not, on PostgreSQL.
 */
function matching(workspaceId: number, q: string): Sql {
  const wanted = toStorableText(q.trim());
  if (wanted === "") return empty;
  const spellings = [...new Set([wanted, normalizeEmail(wanted)])];
  const ranges = spellings.map(
    (spelling) => sql`(r.value >= ${spelling} AND r.value < ${`${spelling}\u{10ffff}`})`,
  );
  return sql`(
    SELECT DISTINCT r.contact FROM contact_refs AS r
    WHERE r.workspace_id = ${workspaceId} AND r.value IS NOT NULL AND (${join(ranges, " OR ")})
  ) AS m CROSS JOIN`;
}

/** Finds a contact by our id, or by the sender's user id or email. */
export async function findContact(
  db: Db,
  refs: Refs,
  workspaceId: number,
  id: string,
): Promise<ContactSummary | undefined> {
  const row = await findRecord(db, refs, workspaceId, id);
  return row && toSummary(row);
}

async function findRecord(
  db: Db,
  refs: Refs,
  workspaceId: number,
  given: string,
): Promise<ContactRecord | undefined> {
  const id = toStorableText(given);
  // Ours first; an email may be somebody's user id as well, so the id comes before the address.
  for (const ref of [id, refs.contact({ id }), refs.contact({ email: id })]) {
    const row = await db.get<ContactRecord>(sql`
      SELECT c.contact, c.contact_id, c.user_id, c.email, c.traits, c.first_seen_at, c.last_seen_at
      FROM contact_refs AS r
      JOIN contacts AS c ON c.workspace_id = r.workspace_id AND c.contact = r.contact
      WHERE r.workspace_id = ${workspaceId} AND r.ref = ${ref}`);
    if (row) return row;
  }
  return undefined;
}

/**
 * Reads a page of a contact's journey, newest first: one range of the primary key of `journey`,
 * each row joined by `seq`.
 *
 * @param id ours, or the sender's user id or email
 * @returns  undefined where the workspace has no such contact
 * @throws {AppError} `invalid_query` for a foreign cursor
 */
export async function readJourney(
  db: Db,
  refs: Refs,
  workspaceId: number,
  id: string,
  query: JourneyQuery,
  isConversion: IsConversion,
): Promise<(JourneyPage & { readonly contact: ContactSummary }) | undefined> {
  const { cursor, limit } = query;
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const contact = await findRecord(db, refs, workspaceId, id);
  if (!contact) return undefined;
  const behind = after ? sql`AND (j.occurred_at, j.seq) < (${after.at}, ${after.number})` : empty;
  const rows = await db.all<JourneyRecord>(sql`
    SELECT
      j.seq, j.occurred_at, j.session, j.strength, j.evidence, j.verdict, e.received_at, e.event_id, e.source,
      e.type, e.name, e.campaign_id, e.link_id, e.url, e.value_minor, e.currency, e.click_id,
      e.context, e.properties,
      CASE WHEN e.name = 'purchase' THEN ${repeatOf(workspaceId, sql`j.seq`)} END AS repeat_of, v.certainty, v.reasons, c.name AS campaign_name,
      l.name AS link_name, l.text AS link_text, l.url AS link_url,
      w.event_id AS evidence_id, w.occurred_at AS evidence_at, w.source AS evidence_source,
      w.type AS evidence_type, w.user_id AS evidence_user, w.email_claim AS evidence_email
    FROM (
      SELECT j.seq, j.occurred_at, j.session, j.strength, j.evidence, j.verdict
      FROM journey AS j
      WHERE j.workspace_id = ${workspaceId} AND j.contact = ${contact.contact}
        ${behind} ${judgedAs(query)}
      ORDER BY j.occurred_at DESC, j.seq DESC
      LIMIT ${limit + 1}
    ) AS j
    JOIN events AS e ON e.seq = j.seq
    LEFT JOIN events AS w ON w.seq = j.evidence AND w.workspace_id = ${workspaceId}
    LEFT JOIN verdicts AS v ON v.workspace_id = ${workspaceId} AND v.seq = j.seq
    LEFT JOIN campaigns AS c ON c.workspace_id = ${workspaceId} AND c.campaign_id = e.campaign_id
    LEFT JOIN links AS l ON l.workspace_id = ${workspaceId} AND l.campaign_id = e.campaign_id
      AND l.link_id = e.link_id
    WHERE e.workspace_id = ${workspaceId}
    ORDER BY j.occurred_at DESC, j.seq DESC`);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    contact: toSummary(contact),
    entries: page.map((row) => ({
      ...toEntry(row, (name) => isConversion(workspaceId, name)),
      ...toShown(row),
    })),
    next: rows.length > limit && last ? writeCursor(last.occurred_at, last.seq) : null,
  };
}

function judgedAs({ verdicts, onlyJudged = false }: JourneyQuery): Sql {
  if (verdicts === undefined) return empty;
  const unjudged = onlyJudged ? empty : sql`j.verdict IS NULL OR`;
  const named = verdicts.length === 0 ? sql`1 = 0` : sql`j.verdict IN (${join(verdicts)})`;
  return sql`AND (${unjudged} ${named})`;
}

function toSummary(row: ContactRecord): ContactSummary {
  return {
    id: row.contact_id,
    user_id: row.user_id,
    email: row.email,
    traits: JSON.parse(row.traits),
    first_seen_at: toIsoTime(row.first_seen_at),
    last_active_at: toIsoTime(row.last_seen_at),
  };
}
