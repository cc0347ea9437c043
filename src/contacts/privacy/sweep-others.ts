import type { Db } from "../../db/db.ts";
import { join, type Sql, sql } from "../../db/sql.ts";
import type { TableName } from "../../log/projection.ts";
import { type ErasurePlan, needlesOf } from "./plan.ts";
import { redactText } from "./redact.ts";
import { escapeLike, valuesOf } from "./sweep-log.ts";

/** Takes out refused events that mention the contact; returns how many. */
export async function dropFailedEvents(
  db: Db,
  workspaceId: number,
  plan: ErasurePlan,
): Promise<number> {
  return db.run(sql`
    DELETE FROM failed_events WHERE workspace_id = ${workspaceId} AND ${mentions(plan)}`);
}

/** Refused events that mention the contact. */
export function findFailedEvents(db: Db, workspaceId: number, plan: ErasurePlan) {
  return db.all<{ received_at: number; reason: string; raw: string }>(sql`
    SELECT received_at, reason, raw FROM failed_events
    WHERE workspace_id = ${workspaceId} AND ${mentions(plan)}
    ORDER BY failed_id`);
}

/** A contact has a reference at least, so there is always something to look for. */
function mentions(plan: ErasurePlan): Sql {
  const found = rawNeedles(plan).map(
    (needle) =>
      sql`lower(raw || ' ' || COALESCE(edited, '') || ' ' || COALESCE(note, '')) LIKE ${`%${escapeLike(needle)}%`} ESCAPE '!'`,
  );
  return sql`(${join(found, " OR ")})`;
}

/** A refused body is kept as it came: a short id counts where it is a whole JSON string. */
function rawNeedles(plan: ErasurePlan): string[] {
  const quoted = [...plan.userIds, ...plan.visitors].map((id) => JSON.stringify(id).toLowerCase());
  return [...new Set([...needlesOf(plan), ...quoted])];
}

/** The contact's consent, and how it came to hold: the ledger alone remembers from now on. */
export function dropConsents(db: Db, workspaceId: number, { refs }: ErasurePlan): Sql[] {
  return ["consents", "consent_log"].map(
    (name) => sql`
      DELETE FROM ${name === "consents" ? sql`consents` : sql`consent_log`}
      WHERE workspace_id = ${workspaceId} AND ref IN (${valuesOf(db, refs)})`,
  );
}

interface LinkRow {
  readonly campaign_id: string;
  readonly link_id: string;
  readonly name: string | null;
  readonly text: string;
  readonly url: string;
}

/** Links that carried an address or an id in their destination or text. */
export async function redactLinks(
  db: Db,
  workspaceId: number,
  plan: ErasurePlan,
  table: TableName,
): Promise<Sql[]> {
  const needles = needlesOf(plan);
  const text = sql`lower(COALESCE(l.name, '') || ' ' || l.text || ' ' || l.url)`;
  const mentions = needles.map(
    (needle) => sql`${text} LIKE ${`%${escapeLike(needle)}%`} ESCAPE '!'`,
  );
  const rows = await db.all<LinkRow>(sql`
    SELECT l.campaign_id, l.link_id, l.name, l.text, l.url FROM ${table("links")} AS l
    WHERE l.workspace_id = ${workspaceId} AND (${join(mentions, " OR ")})`);
  return rows.map(
    (row) => sql`
      UPDATE ${table("links")} SET
        name = ${row.name === null ? null : redactText(row.name, needles)},
        text = ${redactText(row.text, needles)}, url = ${redactText(row.url, needles)}
      WHERE workspace_id = ${workspaceId} AND campaign_id = ${row.campaign_id}
        AND link_id = ${row.link_id}`,
  );
}
