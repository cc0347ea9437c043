import { jsonRows, type Sql, sql } from "../db/sql.ts";
import type { Scope } from "./store.ts";
import { createTableWriter } from "./writes.ts";

/** The writers of the projection's tables, for one workspace of one generation. */
export function createWriters({ db, table, workspaceId }: Scope) {
  const writer = (
    name: string,
    key: Readonly<Record<string, "TEXT" | "BIGINT">>,
    rest: Readonly<Record<string, "TEXT" | "BIGINT">> = {},
  ) =>
    createTableWriter(db.engine, table(name), workspaceId, { ...key, ...rest }, Object.keys(key));
  return {
    linkFacts: writer(
      "link_facts",
      {
        user_ref: "TEXT",
        email_ref: "TEXT",
        previous_ref: "TEXT",
        kind: "TEXT",
      },
      { occurred_at: "BIGINT", fact_id: "TEXT" },
    ),
    refs: writer(
      "contact_refs",
      { ref: "TEXT" },
      { contact: "BIGINT", kind: "TEXT", value: "TEXT", traits: "TEXT", trait_times: "TEXT" },
    ),
    contacts: writer(
      "contacts",
      { contact: "BIGINT" },
      {
        contact_id: "TEXT",
        user_id: "TEXT",
        email: "TEXT",
        founded_at: "BIGINT",
        first_seen_at: "BIGINT",
        last_seen_at: "BIGINT",
      },
    ),
    contactKeys: writer("contacts", { contact: "BIGINT" }),
    visitors: writer("visitors", { visitor: "BIGINT" }, { anonymous_id: "TEXT" }),
    visitorRefs: writer("visitor_refs", { ref: "TEXT", visitor: "BIGINT" }),
    visitorEvents: writer(
      "visitor_events",
      { visitor: "BIGINT", occurred_at: "BIGINT", seq: "BIGINT" },
      {
        fact_id: "TEXT",
        kind: "TEXT",
        channel: "TEXT",
        consent: "BIGINT",
        sticky: "BIGINT",
        active: "BIGINT",
        user_ref: "TEXT",
        email_ref: "TEXT",
        previous_ref: "TEXT",
        click_id: "TEXT",
        campaign: "TEXT",
        net: "TEXT",
        os: "TEXT",
        verdict: "TEXT",
        contact: "BIGINT",
        strength: "BIGINT",
        evidence: "BIGINT",
        session: "BIGINT",
      },
    ),
    clicks: writer(
      "email_clicks",
      { click_id: "TEXT" },
      { occurred_at: "BIGINT", ref: "TEXT", human: "BIGINT" },
    ),
    sessions: writer(
      "sessions",
      { session: "BIGINT" },
      { visitor: "BIGINT", started_at: "BIGINT", ended_at: "BIGINT", events: "BIGINT" },
    ),
    journey: writer(
      "journey",
      { contact: "BIGINT", occurred_at: "BIGINT", seq: "BIGINT" },
      {
        session: "BIGINT",
        verdict: "TEXT",
        strength: "BIGINT",
        evidence: "BIGINT",
        active: "BIGINT",
      },
    ),
    flags: writer("identity_flags", { scope: "TEXT", kind: "TEXT", about: "TEXT" }),
  };
}

/**
 * Writes the merged traits of contacts, whose rows exist by then.
 *
 * An upsert that only updates: UPDATE … FROM makes SQLite scan every contact of the workspace.
 */
export function updateTraits(
  { db, table, workspaceId }: Scope,
  rows: readonly { contact: number; traits: string }[],
): Sql[] {
  if (rows.length === 0) return [];
  return [
    sql`
      INSERT INTO ${table("contacts")} AS c (
        workspace_id, contact, contact_id, traits, founded_at, first_seen_at, last_seen_at
      )
      SELECT CAST(${workspaceId} AS BIGINT), CAST(r.value ->> 'contact' AS BIGINT), '',
        r.value ->> 'traits', 0, 0, 0
      FROM ${jsonRows(db.engine, JSON.stringify(rows))}
      WHERE TRUE
      ON CONFLICT (workspace_id, contact) DO UPDATE SET traits = excluded.traits
      WHERE c.traits <> excluded.traits`,
  ];
}

/**
 * Computes when contacts were first and last seen, after their journeys are written.
 *
 * Last seen is the last thing the person did; who has only been written to was last seen first.
 */
export function updateTimes({ db, table, workspaceId }: Scope, contacts: Iterable<number>): Sql[] {
  const rows = [...new Set(contacts)].map((contact) => ({ contact }));
  if (rows.length === 0) return [];
  const own = table("contacts");
  const journey = sql`
    FROM ${table("journey")} AS j
    WHERE j.workspace_id = ${workspaceId} AND j.contact = ${own}.contact`;
  const first = sql`(SELECT j.occurred_at ${journey} ORDER BY j.occurred_at LIMIT 1)`;
  const last = sql`(
    SELECT j.occurred_at ${journey} AND j.active = 1 ORDER BY j.occurred_at DESC LIMIT 1)`;
  return [
    sql`
      UPDATE ${own} SET
        first_seen_at = COALESCE(${first}, founded_at),
        last_seen_at = COALESCE(${last}, ${first}, founded_at)
      WHERE workspace_id = ${workspaceId} AND contact IN (
        SELECT CAST(r.value ->> 'contact' AS BIGINT)
        FROM ${jsonRows(db.engine, JSON.stringify(rows))})`,
  ];
}
