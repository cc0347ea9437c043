import { type Sql, sql } from "../db/sql.ts";
import type { TableName } from "../log/projection.ts";

/** Plain names of the projection's tables. Readers want `verdicts`; the others are its own memory. */
export const TRAFFIC_TABLES = [
  "verdicts",
  "traffic_hits",
  "traffic_visits",
  "traffic_mails",
  "traffic_links",
  "traffic_days",
  "traffic_reasons",
] as const;

/** Creates one generation: verdicts by event, and the narrow look-ups that find an event's neighbours. */
export function createTrafficTables(table: TableName): readonly Sql[] {
  return [
    ...createVerdicts(table),
    ...createHits(table),
    ...createVisits(table),
    ...createMails(table),
    ...createTallies(table),
  ];
}

/** Counts for the traffic page, kept up with every verdict: they outlive the hits that they count. */
function createTallies(table: TableName): readonly Sql[] {
  return [
    sql`
      CREATE TABLE ${table("traffic_days")} (
        workspace_id BIGINT NOT NULL,
        day          BIGINT NOT NULL,
        kind         TEXT   NOT NULL,
        campaign_id  TEXT   NOT NULL,
        network      TEXT   NOT NULL,
        verdict      TEXT   NOT NULL,
        certainty    TEXT   NOT NULL,
        hits         BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, day, kind, campaign_id, network, verdict, certainty)
      )`,
    sql`
      CREATE TABLE ${table("traffic_reasons")} (
        workspace_id BIGINT NOT NULL,
        day          BIGINT NOT NULL,
        kind         TEXT   NOT NULL,
        signal       TEXT   NOT NULL,
        verdict      TEXT   NOT NULL,
        hits         BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, day, kind, signal, verdict)
      )`,
  ];
}

function createVerdicts(table: TableName): readonly Sql[] {
  return [
    sql`
      CREATE TABLE ${table("verdicts")} (
        workspace_id  BIGINT  NOT NULL,
        seq           BIGINT  NOT NULL,
        verdict       TEXT    NOT NULL,
        certainty     TEXT    NOT NULL,
        score         INTEGER NOT NULL,
        reasons       TEXT    NOT NULL,
        rules_version INTEGER NOT NULL,
        PRIMARY KEY (workspace_id, seq)
      )`,
  ];
}

/**
 * `counts`: a click that is no prefetch, so it is evidence about its neighbours. `crowded`: so many contacts came
 * from its address around it that another one changes nothing.
 */
function createHits(table: TableName): readonly Sql[] {
  const hits = table("traffic_hits");
  return [
    sql`
      CREATE TABLE ${hits} (
        workspace_id BIGINT  NOT NULL,
        seq          BIGINT  NOT NULL,
        occurred_at  BIGINT  NOT NULL,
        message_key  TEXT    NOT NULL,
        contact_key  TEXT    NOT NULL,
        campaign_id  TEXT,
        link_id      TEXT,
        click_id     TEXT,
        address      TEXT,
        os           TEXT,
        counts       INTEGER NOT NULL,
        crowded      INTEGER NOT NULL,
        PRIMARY KEY (workspace_id, seq)
      )`,
    sql`
      CREATE INDEX ${table("traffic_hits_by_mail")}
      ON ${hits} (workspace_id, message_key, contact_key, occurred_at)`,
    sql`
      CREATE INDEX ${table("traffic_hits_by_address")}
      ON ${hits} (workspace_id, address, crowded, occurred_at) WHERE counts = 1`,
    sql`
      CREATE INDEX ${table("traffic_hits_by_click")}
      ON ${hits} (workspace_id, click_id)`,
    sql`
      CREATE INDEX ${table("traffic_hits_by_campaign")}
      ON ${hits} (workspace_id, campaign_id)`,
  ];
}

/**
 * Site events by visitor and by device (a hash of address and user agent). `crowded`: so many visitors came from its
 * device around it that another one changes nothing.
 */
function createVisits(table: TableName): readonly Sql[] {
  const visits = table("traffic_visits");
  return [
    sql`
      CREATE TABLE ${visits} (
        workspace_id BIGINT  NOT NULL,
        seq          BIGINT  NOT NULL,
        occurred_at  BIGINT  NOT NULL,
        visitor      TEXT,
        device       TEXT,
        click_id     TEXT,
        is_server    INTEGER NOT NULL,
        is_page      INTEGER NOT NULL,
        is_track     INTEGER NOT NULL,
        is_skewed    INTEGER NOT NULL,
        is_engaged   INTEGER NOT NULL,
        crowded      INTEGER NOT NULL,
        PRIMARY KEY (workspace_id, seq)
      )`,
    sql`
      CREATE INDEX ${table("traffic_visits_by_visitor")}
      ON ${visits} (workspace_id, visitor, occurred_at)`,
    sql`
      CREATE INDEX ${table("traffic_visits_by_device")}
      ON ${visits} (workspace_id, device, crowded, occurred_at) WHERE device IS NOT NULL`,
    sql`
      CREATE INDEX ${table("traffic_visits_by_click")}
      ON ${visits} (workspace_id, click_id) WHERE click_id IS NOT NULL`,
  ];
}

/** What each message's own facts say, and which links the mails of each campaign have. */
function createMails(table: TableName): readonly Sql[] {
  return [
    sql`
      CREATE TABLE ${table("traffic_mails")} (
        workspace_id BIGINT NOT NULL,
        message_id   TEXT   NOT NULL,
        sent_at      BIGINT,
        delivered_at BIGINT,
        links        INTEGER,
        honeypot     INTEGER,
        PRIMARY KEY (workspace_id, message_id)
      )`,
    sql`
      CREATE TABLE ${table("traffic_links")} (
        workspace_id BIGINT  NOT NULL,
        campaign_id  TEXT    NOT NULL,
        link_id      TEXT    NOT NULL,
        flags        INTEGER NOT NULL,
        PRIMARY KEY (workspace_id, campaign_id, link_id)
      )`,
  ];
}
