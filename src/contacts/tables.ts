import type { Engine, Sql } from "../db/db.ts";
import { raw, sql } from "../db/sql.ts";
import type { TableName } from "../log/projection.ts";

/** The tables of the projection `journey`, each published as a view. */
export const JOURNEY_TABLES = [
  "contacts",
  "contact_refs",
  "link_facts",
  "visitors",
  "visitor_refs",
  "visitor_events",
  "email_clicks",
  "sessions",
  "journey",
  "identity_flags",
] as const;

/**
 * Creates the tables of one generation: one text for both engines, but for the two words that cluster
 * a table by its key on SQLite and that compare text bytewise on PostgreSQL.
 */
export function createTables(engine: Engine, table: TableName): Sql[] {
  const clustered = engine === "sqlite" ? raw("WITHOUT ROWID") : raw("");
  const bytewise = engine === "sqlite" ? raw("") : raw('COLLATE "C"');
  return [
    ...contactTables(table, clustered, bytewise),
    ...visitorTables(table, clustered),
    ...journeyTables(table, clustered),
  ];
}

function contactTables(table: TableName, clustered: Sql, bytewise: Sql): Sql[] {
  return [
    // A contact's row is derived from its refs and its journey. contact_id is the ref that founded it.
    sql`
      CREATE TABLE ${table("contacts")} (
        workspace_id  BIGINT NOT NULL,
        contact       BIGINT NOT NULL,
        contact_id    TEXT   NOT NULL,
        user_id       TEXT,
        email         TEXT,
        traits        TEXT   NOT NULL DEFAULT '{}',
        founded_at    BIGINT NOT NULL,
        first_seen_at BIGINT NOT NULL,
        last_seen_at  BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, contact)
      ) ${clustered}`,
    // The list of contacts: newest activity first.
    sql`
      CREATE INDEX ${table("contacts_active")}
      ON ${table("contacts")} (workspace_id, last_seen_at, contact)`,
    // Every id and email that names a contact, with what was told of it.
    sql`
      CREATE TABLE ${table("contact_refs")} (
        workspace_id BIGINT NOT NULL,
        ref          TEXT   NOT NULL,
        contact      BIGINT NOT NULL,
        kind         TEXT   NOT NULL,
        value        TEXT ${bytewise},
        traits       TEXT   NOT NULL DEFAULT '{}',
        trait_times  TEXT   NOT NULL DEFAULT '{}',
        PRIMARY KEY (workspace_id, ref)
      ) ${clustered}`,
    sql`
      CREATE INDEX ${table("contact_refs_contact")}
      ON ${table("contact_refs")} (workspace_id, contact)`,
    // Search by the beginning of an email or user id.
    sql`
      CREATE INDEX ${table("contact_refs_value")}
      ON ${table("contact_refs")} (workspace_id, value) WHERE value IS NOT NULL`,
    // The earliest of each distinct fact that names contacts; '' stands for none.
    sql`
      CREATE TABLE ${table("link_facts")} (
        workspace_id BIGINT NOT NULL,
        user_ref     TEXT   NOT NULL,
        email_ref    TEXT   NOT NULL,
        previous_ref TEXT   NOT NULL,
        kind         TEXT   NOT NULL,
        occurred_at  BIGINT NOT NULL,
        fact_id      TEXT   NOT NULL,
        PRIMARY KEY (workspace_id, user_ref, email_ref, previous_ref, kind)
      ) ${clustered}`,
    sql`
      CREATE INDEX ${table("link_facts_email")}
      ON ${table("link_facts")} (workspace_id, email_ref, occurred_at, fact_id) WHERE email_ref <> ''`,
    sql`
      CREATE INDEX ${table("link_facts_previous")}
      ON ${table("link_facts")} (workspace_id, previous_ref, occurred_at, fact_id)
      WHERE previous_ref <> ''`,
    // What people decided on the review page.
    sql`
      CREATE INDEX ${table("link_facts_decided")}
      ON ${table("link_facts")} (workspace_id, occurred_at)
      WHERE kind IN ('accept', 'reject', 'undo')`,
  ];
}

function visitorTables(table: TableName, clustered: Sql): Sql[] {
  return [
    sql`
      CREATE TABLE ${table("visitors")} (
        workspace_id BIGINT NOT NULL,
        visitor      BIGINT NOT NULL,
        anonymous_id TEXT   NOT NULL,
        PRIMARY KEY (workspace_id, visitor)
      ) ${clustered}`,
    sql`
      CREATE UNIQUE INDEX ${table("visitors_anonymous_id")}
      ON ${table("visitors")} (workspace_id, anonymous_id)`,
    // Which visitors must be computed again when a ref comes to name another contact.
    sql`
      CREATE TABLE ${table("visitor_refs")} (
        workspace_id BIGINT NOT NULL,
        ref          TEXT   NOT NULL,
        visitor      BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, ref, visitor)
      ) ${clustered}`,
    // What identity needs to know of each event of a visitor, and what it made of it. An alias stands
    // under the visitor it names as well: two rows of one seq.
    sql`
      CREATE TABLE ${table("visitor_events")} (
        workspace_id BIGINT NOT NULL,
        visitor      BIGINT NOT NULL,
        occurred_at  BIGINT NOT NULL,
        seq          BIGINT NOT NULL,
        fact_id      TEXT   NOT NULL,
        kind         TEXT   NOT NULL,
        channel      TEXT   NOT NULL,
        consent      SMALLINT NOT NULL,
        sticky       SMALLINT NOT NULL,
        active       SMALLINT NOT NULL,
        user_ref     TEXT,
        email_ref    TEXT,
        previous_ref TEXT,
        click_id     TEXT,
        campaign     TEXT,
        net          TEXT,
        os           TEXT,
        verdict      TEXT,
        contact      BIGINT,
        strength     SMALLINT,
        evidence     BIGINT,
        session      BIGINT,
        PRIMARY KEY (workspace_id, visitor, occurred_at, seq)
      ) ${clustered}`,
    // The landings of a click, of all visitors.
    sql`
      CREATE INDEX ${table("visitor_events_click")}
      ON ${table("visitor_events")} (workspace_id, click_id) WHERE click_id IS NOT NULL`,
    sql`
      CREATE TABLE ${table("email_clicks")} (
        workspace_id BIGINT NOT NULL,
        click_id     TEXT   NOT NULL,
        occurred_at  BIGINT NOT NULL,
        ref          TEXT,
        human        SMALLINT NOT NULL,
        PRIMARY KEY (workspace_id, click_id)
      ) ${clustered}`,
    sql`
      CREATE INDEX ${table("email_clicks_ref")}
      ON ${table("email_clicks")} (workspace_id, ref) WHERE ref IS NOT NULL`,
  ];
}

function journeyTables(table: TableName, clustered: Sql): Sql[] {
  return [
    // A session is named by the seq of its first event.
    sql`
      CREATE TABLE ${table("sessions")} (
        workspace_id BIGINT NOT NULL,
        session      BIGINT NOT NULL,
        visitor      BIGINT NOT NULL,
        started_at   BIGINT NOT NULL,
        ended_at     BIGINT NOT NULL,
        events       BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, session)
      ) ${clustered}`,
    sql`
      CREATE INDEX ${table("sessions_visitor")} ON ${table("sessions")} (workspace_id, visitor)`,
    // What a contact's page reads: one range of the primary key, newest last. strength says how its
    // owner is known (3 asserted, 2 form email, 1 click, null: addressed by the mail itself), evidence is
    // the seq of the event that says so.
    sql`
      CREATE TABLE ${table("journey")} (
        workspace_id BIGINT NOT NULL,
        contact      BIGINT NOT NULL,
        occurred_at  BIGINT NOT NULL,
        seq          BIGINT NOT NULL,
        session      BIGINT,
        verdict      TEXT,
        strength     SMALLINT,
        evidence     BIGINT,
        active       SMALLINT NOT NULL,
        PRIMARY KEY (workspace_id, contact, occurred_at, seq)
      ) ${clustered}`,
    // Findings for the review list. scope is the visitor or the refs they come from.
    sql`
      CREATE TABLE ${table("identity_flags")} (
        workspace_id BIGINT NOT NULL,
        scope        TEXT   NOT NULL,
        kind         TEXT   NOT NULL,
        about        TEXT   NOT NULL,
        PRIMARY KEY (workspace_id, scope, kind, about)
      ) ${clustered}`,
    sql`
      CREATE INDEX ${table("identity_flags_kind")}
      ON ${table("identity_flags")} (workspace_id, kind, about)`,
  ];
}
