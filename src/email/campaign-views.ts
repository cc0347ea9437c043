import type { Campaign, CampaignLink } from "./store.ts";
import type { CampaignSettings, LinkSettings, Version } from "./store-versions.ts";

/** What was told after the send, as the API and the audit log write it. Times are ISO 8601 UTC. */
interface SettingsView {
  readonly stopped: boolean;
  readonly expires_at: string | null;
  /** Where it leads once stopped or expired; null: the campaign's, LINK_FALLBACK_URL, or a page that says so. */
  readonly fallback: string | null;
}

/** A campaign with what it was told since its mails were sent. */
export interface CampaignView extends SettingsView {
  readonly id: string;
  readonly name: string;
  /** First and last time that a mail of it was rewritten or sent. */
  readonly first_at: string;
  readonly last_at: string;
  readonly cost: CampaignSettings["cost"];
}

/** A link of a campaign: where its mail said, and where it leads now. */
export interface LinkView extends SettingsView {
  readonly index: number;
  readonly name: string | null;
  readonly text: string;
  /** As the mail has it. */
  readonly url: string;
  /** In force; the same as `url` unless it was edited. */
  readonly destination: string;
  /** How often it was changed; a click says which version it met. */
  readonly version: number;
}

/** One change of a link, as it was made. */
export interface LinkVersionView extends SettingsView {
  readonly version: number;
  readonly at: string;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly destination: string;
}

/** A link with the history of its changes, newest first. */
export type LinkWithVersions = LinkView & { readonly versions: readonly LinkVersionView[] };

/** A campaign as the API shows it. */
export function toCampaignView(campaign: Campaign, settings: CampaignSettings): CampaignView {
  return {
    id: campaign.campaign_id,
    name: campaign.name,
    first_at: toIso(campaign.first_at),
    last_at: toIso(campaign.last_at),
    ...describeSettings(settings),
    cost: settings.cost,
  };
}

/** A link as the API shows it. */
export function toLinkView(link: CampaignLink, settings: Version<LinkSettings>): LinkView {
  return {
    index: link.idx,
    name: link.name,
    text: link.text,
    url: link.url,
    destination: settings.destination ?? link.url,
    ...describeSettings(settings),
    version: settings.version,
  };
}

/** A version of a link as the API shows it. */
export function toLinkVersionView(
  link: CampaignLink,
  settings: Version<LinkSettings>,
): LinkVersionView {
  const { version, changedAt, actor, destination } = settings;
  return {
    version,
    at: toIso(changedAt),
    actor,
    destination: destination ?? link.url,
    ...describeSettings(settings),
  };
}

/** What campaigns and links have in common. */
export function describeSettings({
  stopped,
  expiresAt,
  fallback,
}: Omit<LinkSettings, "destination">): SettingsView {
  return { stopped, expires_at: expiresAt === null ? null : toIso(expiresAt), fallback };
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}
