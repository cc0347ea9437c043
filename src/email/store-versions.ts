import type { BatchStatement, Db } from "../db/db.ts";
import { empty, type Sql, sql } from "../db/sql.ts";

/** What a link can be told after the send; null where nothing is. Times are milliseconds. */
export interface LinkSettings {
  /** ASCII http(s) URL, with `{0}` where a slot goes; null: the one of the mail. */
  readonly destination: string | null;
  readonly stopped: boolean;
  readonly expiresAt: number | null;
  /** Where it leads once stopped or expired. */
  readonly fallback: string | null;
}

/** What a campaign can be told: its links follow, where they say nothing of their own. */
export interface CampaignSettings extends Omit<LinkSettings, "destination"> {
  readonly cost: { readonly value_minor: number; readonly currency: string } | null;
}

/** Settings as they were changed at one moment; version 0 stands for what was never changed. */
export type Version<S> = S & {
  readonly version: number;
  readonly changedAt: number;
  readonly actor: { readonly kind: string; readonly id: string };
};

/** A link's newest version, for the copy in memory. */
export interface ChangedLink extends Version<LinkSettings> {
  readonly campaignId: string;
  readonly linkId: string;
}

/** A campaign's newest version, for the copy in memory. */
export interface ChangedCampaign extends Version<CampaignSettings> {
  readonly campaignId: string;
}

/** The tables `link_versions` and `campaign_versions`, which only grow. */
export interface VersionStore {
  /** Versions made, by workspace: it grows with every change. */
  counts(): Promise<ReadonlyMap<number, number>>;
  /**
   * The newest version of everything that the workspace ever changed, or of one campaign alone. Reads by
   * the primary keys.
   */
  newestOf(
    workspaceId: number,
    campaignId?: string,
  ): Promise<{ links: ChangedLink[]; campaigns: ChangedCampaign[] }>;
  /** Oldest first. */
  linkVersions(
    workspaceId: number,
    campaignId: string,
    linkId: string,
  ): Promise<Version<LinkSettings>[]>;
  /** Oldest first. */
  campaignVersions(workspaceId: number, campaignId: string): Promise<Version<CampaignSettings>[]>;
  /** @throws {AppError} `stale_write` (409) when somebody else made this version */
  addLinkVersion(workspaceId: number, link: ChangedLink): Promise<void>;
  /** @throws {AppError} `stale_write` (409) when somebody else made this version */
  addCampaignVersion(workspaceId: number, campaign: ChangedCampaign): Promise<void>;
}

interface VersionRow {
  version: number;
  changed_at: number;
  actor_kind: string;
  actor_id: string;
  stopped: number;
  expires_at: number | null;
  fallback: string | null;
  campaign_id: string;
}

interface LinkRow extends VersionRow {
  link_id: string;
  destination: string | null;
}

interface CampaignRow extends VersionRow {
  cost_minor: number | null;
  cost_currency: string | null;
}

const SHARED = sql`campaign_id, version, changed_at, actor_kind, actor_id, stopped, expires_at, fallback`;
const LINK_COLUMNS = sql`${SHARED}, link_id, destination`;
const CAMPAIGN_COLUMNS = sql`${SHARED}, cost_minor, cost_currency`;

/** @param db the storage port */
export function createVersionStore(db: Db): VersionStore {
  return {
    async counts() {
      const rows = await db.all<{ workspace_id: number; versions: number }>(
        sql`SELECT workspace_id, versions FROM version_counts`,
      );
      return new Map(rows.map((row) => [row.workspace_id, row.versions]));
    },
    async newestOf(workspaceId, campaignId) {
      const only = campaignId === undefined ? empty : sql`AND campaign_id = ${campaignId}`;
      const [links, campaigns] = await Promise.all([
        db.all<LinkRow>(sql`
          SELECT ${LINK_COLUMNS}
          FROM link_versions AS v
          WHERE workspace_id = ${workspaceId} ${only} AND version = (
            SELECT MAX(version) FROM link_versions AS n
            WHERE n.workspace_id = ${workspaceId} AND n.campaign_id = v.campaign_id
              AND n.link_id = v.link_id)`),
        db.all<CampaignRow>(sql`
          SELECT ${CAMPAIGN_COLUMNS}
          FROM campaign_versions AS v
          WHERE workspace_id = ${workspaceId} ${only} AND version = (
            SELECT MAX(version) FROM campaign_versions AS n
            WHERE n.workspace_id = ${workspaceId} AND n.campaign_id = v.campaign_id)`),
      ]);
      return { links: links.map(toLink), campaigns: campaigns.map(toCampaign) };
    },
    async linkVersions(workspaceId, campaignId, linkId) {
      const rows = await db.all<LinkRow>(sql`
        SELECT ${LINK_COLUMNS}
        FROM link_versions
        WHERE workspace_id = ${workspaceId} AND campaign_id = ${campaignId}
          AND link_id = ${linkId}
        ORDER BY version`);
      return rows.map(toLink);
    },
    async campaignVersions(workspaceId, campaignId) {
      const rows = await db.all<CampaignRow>(sql`
        SELECT ${CAMPAIGN_COLUMNS}
        FROM campaign_versions
        WHERE workspace_id = ${workspaceId} AND campaign_id = ${campaignId}
        ORDER BY version`);
      return rows.map(toCampaign);
    },
    async addLinkVersion(workspaceId, link) {
      await db.batch([
        once(sql`
          INSERT INTO link_versions (workspace_id, ${LINK_COLUMNS})
          VALUES (${workspaceId}, ${link.campaignId}, ${link.version}, ${link.changedAt},
            ${link.actor.kind}, ${link.actor.id}, ${link.stopped ? 1 : 0}, ${link.expiresAt},
            ${link.fallback}, ${link.linkId}, ${link.destination})
          ON CONFLICT DO NOTHING`),
        countOne(workspaceId),
      ]);
    },
    async addCampaignVersion(workspaceId, campaign) {
      await db.batch([
        once(sql`
          INSERT INTO campaign_versions (workspace_id, ${CAMPAIGN_COLUMNS})
          VALUES (${workspaceId}, ${campaign.campaignId}, ${campaign.version},
            ${campaign.changedAt}, ${campaign.actor.kind}, ${campaign.actor.id},
            ${campaign.stopped ? 1 : 0}, ${campaign.expiresAt}, ${campaign.fallback},
            ${campaign.cost?.value_minor ?? null}, ${campaign.cost?.currency ?? null})
          ON CONFLICT DO NOTHING`),
        countOne(workspaceId),
      ]);
    },
  };
}

/** A version that is there already was made by somebody who read the same one before. */
function once(statement: Sql): BatchStatement {
  return { statement, changes: 1 };
}

function countOne(workspaceId: number): BatchStatement {
  return sql`
    INSERT INTO version_counts AS c (workspace_id, versions)
    VALUES (${workspaceId}, 1)
    ON CONFLICT (workspace_id) DO UPDATE SET versions = c.versions + 1`;
}

function toVersion(row: VersionRow) {
  return {
    campaignId: row.campaign_id,
    version: row.version,
    changedAt: row.changed_at,
    actor: { kind: row.actor_kind, id: row.actor_id },
    stopped: row.stopped === 1,
    expiresAt: row.expires_at,
    fallback: row.fallback,
  };
}

function toLink(row: LinkRow): ChangedLink {
  return { ...toVersion(row), linkId: row.link_id, destination: row.destination };
}

function toCampaign(row: CampaignRow): ChangedCampaign {
  const { cost_minor: minor, cost_currency: currency } = row;
  const cost = minor === null || currency === null ? null : { value_minor: minor, currency };
  return { ...toVersion(row), cost };
}
