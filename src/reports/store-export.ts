import type { Db, Sql } from "../db/db.ts";
import { jsonRows, sql } from "../db/sql.ts";
import type { Refs } from "../lib/refs.ts";
import type { StoredRow } from "../log/events-store.ts";
import type { ExportKind } from "./export-kinds.ts";
import { toIsoTime } from "./iso-time.ts";
import { repeatOf } from "./repeats.ts";
import type { ContactRecord } from "./store.ts";

/** Milliseconds since the Unix epoch; `since` is included, `until` is not. */
export interface ExportSpan {
  readonly since: number;
  readonly until: number;
}

/** One line of an export: column name to value. */
export type ExportRow = Readonly<Record<string, unknown>>;

/** Rows read at once: about 20 ms of a reader's time. */
const PAGE = 2000;
/** Events looked at in one read; most of them may be another workspace's, or out of the span. */
const CHUNK = 20_000;

/** The columns of each export, in the order of its CSV. */
export const COLUMNS: Readonly<Record<ExportKind, readonly string[]>> = {
  events: [
    "id",
    "source",
    "type",
    "name",
    "occurred_at",
    "received_at",
    "contact",
    "user_id",
    "email",
    "anonymous_id",
    "campaign",
    "message_id",
    "link",
    "click_id",
    "url",
    "value_minor",
    "currency",
    "repeat_of",
    "verdict",
    "certainty",
    "quality",
    "quality_failed",
    "context",
    "properties",
  ],
  contacts: ["id", "user_id", "email", "traits", "first_seen_at", "last_active_at"],
  clicks: [
    "id",
    "clicked_at",
    "contact",
    "campaign",
    "message_id",
    "link",
    "link_name",
    "url",
    "verdict",
    "certainty",
    "reasons",
  ],
};

/**
 * Reads everything of a kind, in the order in which it came, page by page: the reader decides how fast.
 *
 * Events and clicks are those that happened in the span, contacts those last active in it.
 */
export function readExport(
  db: Db,
  refs: Refs,
  workspaceId: number,
  kind: ExportKind,
  span: ExportSpan,
): AsyncGenerator<ExportRow> {
  if (kind === "contacts") return readContacts(db, workspaceId, span);
  return readEvents(db, refs, workspaceId, span, kind === "clicks");
}

async function* readContacts(
  db: Db,
  workspaceId: number,
  { since, until }: ExportSpan,
): AsyncGenerator<ExportRow> {
  for (let after = 0; ; ) {
    const rows = await db.all<ContactRecord>(sql`
      SELECT contact, contact_id, user_id, email, traits, first_seen_at, last_seen_at
      FROM contacts
      WHERE workspace_id = ${workspaceId} AND contact > ${after}
        AND last_seen_at >= ${since} AND last_seen_at < ${until}
      ORDER BY contact LIMIT ${PAGE}`);
    for (const row of rows) {
      yield {
        id: row.contact_id,
        user_id: row.user_id,
        email: row.email,
        traits: JSON.parse(row.traits),
        first_seen_at: toIsoTime(row.first_seen_at),
        last_active_at: toIsoTime(row.last_seen_at),
      };
    }
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last.contact;
  }
}

type EventRow = StoredRow & {
  readonly contact_id: string | null;
  readonly campaign_name: string | null;
  readonly link_name: string | null;
  readonly link_url: string | null;
  readonly verdict: string | null;
  readonly certainty: string | null;
  readonly reasons: string | null;
  readonly repeat_of: string | null;
};

async function* readEvents(
  db: Db,
  refs: Refs,
  workspaceId: number,
  span: ExportSpan,
  onlyClicks: boolean,
): AsyncGenerator<ExportRow> {
  const { last } = (await db.get<{ last: number }>(
    sql`SELECT COALESCE(MAX(seq), 0) AS last FROM events`,
  )) ?? { last: 0 };
  for (let after = 0; after < last; after += CHUNK) {
    const rows = await db.all<EventRow>(selectEvents(workspaceId, span, onlyClicks, after));
    const named = await findNamed(db, refs, workspaceId, rows);
    for (const row of rows) {
      const contact = row.contact_id ?? named.get(refOf(row, refs) ?? "") ?? null;
      yield onlyClicks ? toClick(row, contact) : toEvent(row, contact);
    }
  }
}

/** The owner of a visitor's event is in `visitor_events`, that of a mail's in its reference. */
function selectEvents(
  workspaceId: number,
  { since, until }: ExportSpan,
  onlyClicks: boolean,
  after: number,
): Sql {
  const own = (alias: Sql): Sql => sql`${alias}.workspace_id = ${workspaceId}`;
  return sql`
    SELECT e.*, c.contact_id, g.name AS campaign_name, COALESCE(l.name, l.text) AS link_name,
      l.url AS link_url,
      CASE WHEN e.name = 'purchase' THEN ${repeatOf(workspaceId, sql`e.seq`)} END AS repeat_of, w.verdict, w.certainty, w.reasons
    FROM events AS e
    LEFT JOIN visitors AS v ON ${own(sql`v`)} AND v.anonymous_id = e.anonymous_id
    LEFT JOIN visitor_events AS o ON ${own(sql`o`)} AND o.visitor = v.visitor
      AND o.occurred_at = e.occurred_at AND o.seq = e.seq
    LEFT JOIN contact_refs AS r ON ${own(sql`r`)} AND r.ref = e.recipient_contact
    LEFT JOIN contacts AS c ON ${own(sql`c`)} AND c.contact = COALESCE(r.contact, o.contact)
    LEFT JOIN campaigns AS g ON ${own(sql`g`)} AND g.campaign_id = e.campaign_id
    LEFT JOIN links AS l ON ${own(sql`l`)} AND l.campaign_id = e.campaign_id
      AND l.link_id = e.link_id
    LEFT JOIN verdicts AS w ON ${own(sql`w`)} AND w.seq = e.seq
    WHERE ${own(sql`e`)} AND e.seq > ${after} AND e.seq <= ${after + CHUNK}
      AND e.type <> 'erased' AND e.occurred_at >= ${since} AND e.occurred_at < ${until}
      ${onlyClicks ? sql`AND e.type = 'click'` : sql``}
    ORDER BY e.seq`;
}

/** Whom an event without a visitor names, where no mail does. */
async function findNamed(
  db: Db,
  refs: Refs,
  workspaceId: number,
  rows: readonly EventRow[],
): Promise<Map<string, string>> {
  const asked = rows.flatMap((row) => (row.contact_id === null ? (refOf(row, refs) ?? []) : []));
  if (asked.length === 0) return new Map();
  const json = JSON.stringify([...new Set(asked)].map((ref) => ({ ref })));
  const found = await db.all<{ ref: string; contact_id: string }>(sql`
    SELECT f.ref, c.contact_id
    FROM ${jsonRows(db.engine, json)} CROSS JOIN contact_refs AS f
    JOIN contacts AS c ON c.workspace_id = f.workspace_id AND c.contact = f.contact
    WHERE f.workspace_id = ${workspaceId} AND f.ref = r.value ->> 'ref'`);
  return new Map(found.map(({ ref, contact_id }) => [ref, contact_id]));
}

function refOf({ anonymous_id, user_id, email_claim }: EventRow, refs: Refs) {
  if (anonymous_id !== null) return null;
  return refs.contact({
    id: user_id?.trim() ?? undefined,
    email: email_claim ?? undefined,
  });
}

function toEvent(row: EventRow, contact: string | null): ExportRow {
  return {
    id: row.event_id,
    source: row.source,
    type: row.type,
    name: row.name,
    occurred_at: toIsoTime(row.occurred_at),
    received_at: toIsoTime(row.received_at),
    contact,
    user_id: row.user_id,
    email: row.email_claim,
    anonymous_id: row.anonymous_id,
    campaign: row.campaign_name ?? row.campaign_id,
    message_id: row.message_id,
    link: row.link_id === null ? null : Number(row.link_id),
    click_id: row.click_id,
    url: row.url,
    value_minor: row.value_minor,
    currency: row.currency,
    repeat_of: row.repeat_of,
    verdict: row.verdict,
    certainty: row.certainty,
    quality: row.quality,
    quality_failed: row.quality_failed,
    context: JSON.parse(row.context),
    properties: JSON.parse(row.properties),
  };
}

function toClick(row: EventRow, contact: string | null): ExportRow {
  const reasons: { signal: string }[] = JSON.parse(row.reasons ?? "[]");
  return {
    id: row.event_id,
    clicked_at: toIsoTime(row.occurred_at),
    contact,
    campaign: row.campaign_name ?? row.campaign_id,
    message_id: row.message_id,
    link: row.link_id === null ? null : Number(row.link_id),
    link_name: row.link_name,
    url: row.url ?? row.link_url,
    verdict: row.verdict,
    certainty: row.certainty,
    reasons: reasons.map(({ signal }) => signal),
  };
}
