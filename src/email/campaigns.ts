import { isDeepStrictEqual } from "node:util";
import type { Db } from "../db/db.ts";
import type { Actor, RecordAudit } from "../lib/audit.ts";
import { AppError } from "../lib/errors.ts";
import {
  type CampaignView,
  describeSettings,
  type LinkView,
  type LinkWithVersions,
  toCampaignView,
  toLinkVersionView,
  toLinkView,
} from "./campaign-views.ts";
import { checkDestination, slotsOf } from "./check-destination.ts";
import {
  type Campaign,
  type CampaignCursor,
  type CampaignLink,
  findCampaign,
  listCampaignLinks,
  listCampaigns,
} from "./store.ts";
import {
  type CampaignSettings,
  createVersionStore,
  type LinkSettings,
  type Version,
} from "./store-versions.ts";

export interface CampaignsDeps {
  readonly db: Db;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly recordAudit: RecordAudit;
  /** Puts a change in force on this node. */
  readonly refreshExceptions: () => Promise<void>;
  /** Whether a URL is a tracked link of ours, on whatever domain. */
  readonly isTracked: (workspaceId: number, url: string) => boolean;
  /** Rejects with `too_many_new_hosts` (429) when the workspace may not lead there yet. */
  readonly admitDestinations: (workspaceId: number, urls: readonly string[]) => Promise<void>;
}

/** The campaigns of a workspace, and what can be told them and their links after the send. */
export interface Campaigns {
  /** Last rewritten or sent first. @throws {AppError} `invalid_query` (422) for a foreign cursor */
  list(
    workspaceId: number,
    page: { limit: number; cursor?: string | undefined },
  ): Promise<{ campaigns: CampaignView[]; next: string | null }>;
  /** By its id or its name. @throws {AppError} `not_found` (404), as all below */
  get(workspaceId: number, idOrName: string): Promise<CampaignView>;
  /** In the order of the mail. */
  links(workspaceId: number, idOrName: string): Promise<LinkView[]>;
  /** @param index as the path of the request writes it */
  link(workspaceId: number, idOrName: string, index: string): Promise<LinkWithVersions>;
  /** What is not given stays, null undoes. In force on this node when it resolves. */
  change(
    workspaceId: number,
    idOrName: string,
    changes: Partial<CampaignSettings>,
    actor: Actor,
  ): Promise<CampaignView>;
  /** @throws {AppError} also `invalid_url` or `url_too_long` (422) for a destination that cannot be */
  changeLink(
    workspaceId: number,
    idOrName: string,
    index: string,
    changes: Partial<LinkSettings>,
    actor: Actor,
  ): Promise<LinkWithVersions>;
}

const UNCHANGED = { version: 0, changedAt: 0, actor: { kind: "system", id: "system" } };
const NO_SETTINGS = { stopped: false, expiresAt: null, fallback: null };
const UNCHANGED_CAMPAIGN: Version<CampaignSettings> = { ...UNCHANGED, ...NO_SETTINGS, cost: null };
const UNCHANGED_LINK: Version<LinkSettings> = { ...UNCHANGED, ...NO_SETTINGS, destination: null };

/** Others may change the same link at the same time: each try reads what they made of it. */
const TRIES = 5;

export function createCampaigns(deps: CampaignsDeps): Campaigns {
  const { db, now } = deps;
  const store = createVersionStore(db);

  async function list(
    workspaceId: number,
    { limit, cursor }: { limit: number; cursor?: string | undefined },
  ) {
    const behind = cursor === undefined ? undefined : readCursor(cursor);
    const [found, changed] = await Promise.all([
      listCampaigns(db, workspaceId, { limit: limit + 1, behind }),
      store.newestOf(workspaceId),
    ]);
    const settings = new Map(changed.campaigns.map((one) => [one.campaignId, one]));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      campaigns: page.map((campaign) =>
        toCampaignView(campaign, settings.get(campaign.campaign_id) ?? UNCHANGED_CAMPAIGN),
      ),
      next: found.length > limit && last ? writeCursor(last) : null,
    };
  }

  async function get(workspaceId: number, idOrName: string): Promise<CampaignView> {
    const campaign = await find(db, workspaceId, idOrName);
    return toCampaignView(campaign, await campaignSettings(workspaceId, campaign));
  }

  async function links(workspaceId: number, idOrName: string): Promise<LinkView[]> {
    const { campaign_id: id } = await find(db, workspaceId, idOrName);
    const [all, changed] = await Promise.all([
      listCampaignLinks(db, workspaceId, id),
      store.newestOf(workspaceId, id),
    ]);
    const settings = new Map(changed.links.map((one) => [one.linkId, one]));
    return all.map((one) => toLinkView(one, settings.get(one.link_id) ?? UNCHANGED_LINK));
  }

  async function link(
    workspaceId: number,
    idOrName: string,
    index: string,
  ): Promise<LinkWithVersions> {
    const { campaign_id: id } = await find(db, workspaceId, idOrName);
    return showLink(workspaceId, id, await findLink(db, workspaceId, id, index));
  }

  async function change(
    workspaceId: number,
    idOrName: string,
    given: Partial<CampaignSettings>,
    actor: Actor,
  ): Promise<CampaignView> {
    const campaign = await find(db, workspaceId, idOrName);
    const { campaign_id: campaignId, name } = campaign;
    const changes = await checkUrls(workspaceId, given, []);
    await retryStale(async () => {
      const before = await campaignSettings(workspaceId, campaign);
      if (!changesAny(before, changes)) return;
      const after = { ...before, ...changes };
      const version = { version: before.version + 1, changedAt: now(), actor };
      await store.addCampaignVersion(workspaceId, { ...after, ...version, campaignId });
      const of = (one: CampaignSettings) => ({ ...describeSettings(one), cost: one.cost });
      const detail = { campaign: name, before: of(before), after: of(after) };
      await deps.recordAudit(workspaceId, actor, "campaign.change", campaignId, detail);
    });
    await deps.refreshExceptions();
    return get(workspaceId, campaignId);
  }

  async function changeLink(
    workspaceId: number,
    idOrName: string,
    index: string,
    given: Partial<LinkSettings>,
    actor: Actor,
  ): Promise<LinkWithVersions> {
    const { campaign_id: campaignId, name } = await find(db, workspaceId, idOrName);
    const known = await findLink(db, workspaceId, campaignId, index);
    const { link_id: linkId, url } = known;
    const changes = await checkUrls(workspaceId, given, slotsOf(url));
    await retryStale(async () => {
      const versions = await store.linkVersions(workspaceId, campaignId, linkId);
      const before = versions.at(-1) ?? UNCHANGED_LINK;
      if (!changesAny(before, changes)) return;
      const after = { ...before, ...changes };
      const version = { version: before.version + 1, changedAt: now(), actor };
      await store.addLinkVersion(workspaceId, { ...after, ...version, campaignId, linkId });
      const of = (one: LinkSettings) => ({
        destination: one.destination ?? url,
        ...describeSettings(one),
      });
      const detail = { campaign: name, before: of(before), after: of(after) };
      const subject = `${campaignId}/${linkId}`;
      await deps.recordAudit(workspaceId, actor, "link.change", subject, detail);
    });
    await deps.refreshExceptions();
    return showLink(workspaceId, campaignId, known);
  }

  async function campaignSettings(workspaceId: number, { campaign_id: id }: Campaign) {
    const { campaigns } = await store.newestOf(workspaceId, id);
    return campaigns[0] ?? UNCHANGED_CAMPAIGN;
  }

  async function showLink(
    workspaceId: number,
    campaignId: string,
    known: CampaignLink,
  ): Promise<LinkWithVersions> {
    const versions = await store.linkVersions(workspaceId, campaignId, known.link_id);
    return {
      ...toLinkView(known, versions.at(-1) ?? UNCHANGED_LINK),
      versions: versions.map((one) => toLinkVersionView(known, one)).reverse(),
    };
  }

  /** The same changes with their URLs checked and formed, which the workspace may also lead to. */
  async function checkUrls<S extends Partial<LinkSettings>>(
    workspaceId: number,
    changes: S,
    slots: readonly string[],
  ): Promise<S> {
    const check = (name: "destination" | "fallback", allowed: readonly string[]) => {
      const url = changes[name];
      if (typeof url !== "string") return {};
      const isTracked = (candidate: string) => deps.isTracked(workspaceId, candidate);
      return { [name]: checkDestination(url, { pointer: `/${name}`, slots: allowed, isTracked }) };
    };
    const urls = { ...check("destination", slots), ...check("fallback", []) };
    await deps.admitDestinations(workspaceId, Object.values(urls));
    return { ...changes, ...urls };
  }

  return { list, get, links, link, change, changeLink };
}

async function find(db: Db, workspaceId: number, idOrName: string): Promise<Campaign> {
  const campaign = await findCampaign(db, workspaceId, idOrName);
  if (campaign) return campaign;
  throw new AppError("not_found", 404, "There is no such campaign.", {
    hint: "Give its id or its exact name, URL-encoded. It appears within a second of its first mail.",
  });
}

async function findLink(
  db: Db,
  workspaceId: number,
  campaignId: string,
  index: string,
): Promise<CampaignLink> {
  const links = await listCampaignLinks(db, workspaceId, campaignId);
  const found = links.find(({ link_id }) => link_id === index);
  if (found) return found;
  const last = links.at(-1)?.idx;
  throw new AppError("not_found", 404, "There is no such link in this campaign.", {
    hint: last === undefined ? "It has no links." : `Give its index, from 0 to ${last}.`,
  });
}

function changesAny(before: object, changes: object): boolean {
  const known = new Map(Object.entries(before));
  return Object.entries(changes).some(
    ([name, value]) => !isDeepStrictEqual(known.get(name), value),
  );
}

async function retryStale(work: () => Promise<void>): Promise<void> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "stale_write" || left === 0) throw error;
    }
  }
}

function writeCursor({ last_at: at, campaign_id: id }: Campaign): string {
  return Buffer.from(`${at.toString(36)}.${id}`).toString("base64url");
}

function readCursor(cursor: string): CampaignCursor {
  const text = Buffer.from(cursor, "base64url").toString("latin1");
  const [, at, id] = /^([0-9a-z]{1,9})\.([\w-]{1,64})$/.exec(text) ?? [];
  if (at !== undefined && id !== undefined) {
    return { last_at: Number.parseInt(at, 36), campaign_id: id };
  }
  throw new AppError("invalid_query", 422, "The cursor is not one of ours.", {
    hint: "Take it from `next` of the page before, or leave it out for the first page.",
    errors: [{ pointer: "/cursor", message: "Expected the `next` of an earlier answer." }],
  });
}
