import type { BatchStatement, Engine, Sql } from "../db/db.ts";
import { jsonRows, sql } from "../db/sql.ts";
import type { StoredEvent } from "../log/event.ts";
import type { Projection, TableName } from "../log/projection.ts";

/**
 * The projection that makes `campaigns` and `links` from the facts of rewrites and sends.
 *
 * A link's newest description wins; a link that a later mail of the campaign lacks stays, because
 * clicks of the earlier mail still come in.
 */
export function createCampaignsProjection(engine: Engine): Projection {
  return {
    name: "campaigns",
    version: 1,
    tables: ["campaigns", "links"],
    create: createTables,
    handle: async ({ events, table }) => [
      ...writeCampaigns(engine, table, events),
      ...writeLinks(engine, table, events),
    ],
  };
}

function createTables(table: TableName): readonly Sql[] {
  return [
    sql`
      CREATE TABLE ${table("campaigns")} (
        workspace_id     BIGINT NOT NULL,
        campaign_id      TEXT   NOT NULL,
        name             TEXT   NOT NULL,
        first_at         BIGINT NOT NULL,
        last_at          BIGINT NOT NULL,
        honeypot_link_id TEXT,
        PRIMARY KEY (workspace_id, campaign_id)
      )`,
    // The list of campaigns: newest first.
    sql`
      CREATE INDEX ${table("campaigns_newest")}
      ON ${table("campaigns")} (workspace_id, last_at, campaign_id)`,
    // Reports ask for a campaign by its name.
    sql`
      CREATE INDEX ${table("campaigns_by_name")}
      ON ${table("campaigns")} (workspace_id, name)`,
    sql`
      CREATE TABLE ${table("links")} (
        workspace_id BIGINT NOT NULL,
        campaign_id  TEXT   NOT NULL,
        link_id      TEXT   NOT NULL,
        idx          BIGINT NOT NULL,
        name         TEXT,
        text         TEXT   NOT NULL,
        url          TEXT   NOT NULL,
        PRIMARY KEY (workspace_id, campaign_id, link_id)
      )`,
  ];
}

interface CampaignRow {
  readonly workspace_id: number;
  readonly campaign_id: string;
  readonly name: string;
  readonly first_at: number;
  readonly last_at: number;
  readonly honeypot: string | null;
}

function writeCampaigns(
  engine: Engine,
  table: TableName,
  events: readonly StoredEvent[],
): BatchStatement[] {
  const rows = new Map<string, CampaignRow>();
  for (const event of events) {
    const row = campaignOf(event);
    if (!row) continue;
    const key = `${row.workspace_id} ${row.campaign_id}`;
    const known = rows.get(key);
    rows.set(key, known ? mergeCampaigns(known, row) : row);
  }
  if (rows.size === 0) return [];
  const json = JSON.stringify([...rows.values()]);
  return [
    sql`
      INSERT INTO ${table("campaigns")} AS c
        (workspace_id, campaign_id, name, first_at, last_at, honeypot_link_id)
      SELECT
        CAST(r.value ->> 'workspace_id' AS BIGINT), r.value ->> 'campaign_id', r.value ->> 'name',
        CAST(r.value ->> 'first_at' AS BIGINT), CAST(r.value ->> 'last_at' AS BIGINT),
        r.value ->> 'honeypot'
      FROM ${jsonRows(engine, json)}
      WHERE true
      ON CONFLICT (workspace_id, campaign_id) DO UPDATE SET
        first_at = CASE WHEN excluded.first_at < c.first_at THEN excluded.first_at ELSE c.first_at END,
        last_at = CASE WHEN excluded.last_at > c.last_at THEN excluded.last_at ELSE c.last_at END,
        honeypot_link_id = COALESCE(excluded.honeypot_link_id, c.honeypot_link_id)`,
  ];
}

/** The campaign that a rewrite or a send names; its name gave its id, so it never changes. */
function campaignOf(event: StoredEvent): CampaignRow | undefined {
  const { workspace_id, type, campaign_id, occurred_at, properties } = event;
  const { campaign: name, honeypot } = properties;
  if (type !== "rewrite" && type !== "sent") return undefined;
  if (campaign_id === null || typeof name !== "string") return undefined;
  return {
    workspace_id,
    campaign_id,
    name,
    first_at: occurred_at,
    last_at: occurred_at,
    honeypot: typeof honeypot === "number" ? String(honeypot) : null,
  };
}

function mergeCampaigns(one: CampaignRow, other: CampaignRow): CampaignRow {
  return {
    ...one,
    first_at: Math.min(one.first_at, other.first_at),
    last_at: Math.max(one.last_at, other.last_at),
    honeypot: other.honeypot ?? one.honeypot,
  };
}

interface LinkRow {
  readonly workspace_id: number;
  readonly campaign_id: string;
  readonly link_id: string;
  readonly idx: number;
  readonly name: string | null;
  readonly text: string;
  readonly url: string;
}

function writeLinks(
  engine: Engine,
  table: TableName,
  events: readonly StoredEvent[],
): BatchStatement[] {
  // One statement cannot write one row twice: the newest of a batch is kept.
  const rows = new Map<string, LinkRow>();
  for (const event of events) {
    for (const row of linksOf(event)) {
      rows.set(`${row.workspace_id} ${row.campaign_id} ${row.link_id}`, row);
    }
  }
  if (rows.size === 0) return [];
  const json = JSON.stringify([...rows.values()]);
  return [
    sql`
      INSERT INTO ${table("links")}
        (workspace_id, campaign_id, link_id, idx, name, text, url)
      SELECT
        CAST(r.value ->> 'workspace_id' AS BIGINT), r.value ->> 'campaign_id',
        r.value ->> 'link_id', CAST(r.value ->> 'idx' AS BIGINT), r.value ->> 'name',
        r.value ->> 'text', r.value ->> 'url'
      FROM ${jsonRows(engine, json)}
      WHERE true
      ON CONFLICT (workspace_id, campaign_id, link_id) DO UPDATE SET
        idx = excluded.idx, name = excluded.name, text = excluded.text, url = excluded.url`,
  ];
}

function linksOf({ workspace_id, type, campaign_id, properties }: StoredEvent): LinkRow[] {
  const { links } = properties;
  if (type !== "rewrite" || campaign_id === null || !Array.isArray(links)) return [];
  return links.flatMap((link: unknown) => {
    const row = toLinkRow(link);
    return row ? [{ workspace_id, campaign_id, ...row }] : [];
  });
}

/** Facts are kept as they came: one of an older release or a damaged one is passed over. */
function toLinkRow(link: unknown): Omit<LinkRow, "workspace_id" | "campaign_id"> | undefined {
  if (typeof link !== "object" || link === null) return undefined;
  const { index, name, text, url } = link as Record<string, unknown>;
  if (typeof index !== "number" || typeof url !== "string") return undefined;
  return {
    link_id: String(index),
    idx: index,
    name: typeof name === "string" ? name : null,
    text: typeof text === "string" ? text : "",
    url,
  };
}
