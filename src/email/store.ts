import type { Db } from "../db/db.ts";
import { empty, sql } from "../db/sql.ts";

/** A campaign as its rewrites and sends tell it. Times are milliseconds since the Unix epoch. */
export interface Campaign {
  readonly campaign_id: string;
  readonly name: string;
  readonly first_at: number;
  readonly last_at: number;
  readonly honeypot_link_id: string | null;
}

/** A link of a campaign; `url` is its destination when the mail was rewritten. */
export interface CampaignLink {
  readonly link_id: string;
  readonly idx: number;
  readonly name: string | null;
  readonly text: string;
  readonly url: string;
}

/** A place in the list of campaigns: what comes behind it is older. */
export interface CampaignCursor {
  readonly last_at: number;
  readonly campaign_id: string;
}

/** The campaigns of a workspace, last rewritten or sent first. */
export async function listCampaigns(
  db: Db,
  workspaceId: number,
  { limit, behind }: { limit: number; behind?: CampaignCursor | undefined },
): Promise<Campaign[]> {
  const older = behind
    ? sql`AND (last_at, campaign_id) < (${behind.last_at}, ${behind.campaign_id})`
    : empty;
  return db.all<Campaign>(sql`
    SELECT campaign_id, name, first_at, last_at, honeypot_link_id
    FROM campaigns
    WHERE workspace_id = ${workspaceId} ${older}
    ORDER BY last_at DESC, campaign_id DESC
    LIMIT ${limit}`);
}

/** A campaign by its id or, failing that, by its name. */
export async function findCampaign(
  db: Db,
  workspaceId: number,
  idOrName: string,
): Promise<Campaign | undefined> {
  return db.get<Campaign>(sql`
    SELECT campaign_id, name, first_at, last_at, honeypot_link_id
    FROM campaigns
    WHERE workspace_id = ${workspaceId} AND (campaign_id = ${idOrName} OR name = ${idOrName})
    ORDER BY CASE WHEN campaign_id = ${idOrName} THEN 0 ELSE 1 END
    LIMIT 1`);
}

/** The links of a campaign, in the order of the mail. */
export async function listCampaignLinks(
  db: Db,
  workspaceId: number,
  campaignId: string,
): Promise<CampaignLink[]> {
  return db.all<CampaignLink>(sql`
    SELECT link_id, idx, name, text, url
    FROM links
    WHERE workspace_id = ${workspaceId} AND campaign_id = ${campaignId}
    ORDER BY idx`);
}
