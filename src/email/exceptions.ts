import type { Db } from "../db/db.ts";
import { createSnapshot, type Snapshot } from "../lib/snapshot.ts";
import {
  type ChangedCampaign,
  type ChangedLink,
  createVersionStore,
  type VersionStore,
} from "./store-versions.ts";

/** What became of a link since its mail was sent, at the moment of a click. */
interface LinkException {
  /** The version of the link's settings that is in force; null when only the campaign's say something. */
  readonly version: number | null;
  /** Where it leads now; null: where the mail said, or nowhere when it is dead. */
  readonly destination: string | null;
  /** Why it no longer leads where it should; null while it does. */
  readonly state: "stopped" | "expired" | null;
}

/** The links that no longer do what their mails say: a copy in memory, for the redirect. */
export interface Exceptions {
  /** Costs one look at an empty map while nothing was ever changed. */
  find(workspaceId: number, campaignId: string, index: number): LinkException | undefined;
  /** Reads the changes of all nodes; after one of our own, before answering. */
  refresh(): Promise<void>;
  /** Loads them, then follows other nodes; a missing database leaves the copy as it is. */
  start(): Promise<void>;
  stop(): void;
}

interface ExceptionsDeps {
  readonly db: Db;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** LINK_FALLBACK_URL. */
  readonly fallback: string | undefined;
  /** Told of each failed refresh. */
  readonly onError: (error: unknown) => void;
}

/** A campaign's settings and those of its links, by index. */
interface CampaignExceptions {
  campaign: ChangedCampaign | undefined;
  readonly links: Map<number, ChangedLink>;
}

interface WorkspaceExceptions {
  /** How many versions the workspace had when this was read. */
  readonly versions: number;
  readonly campaigns: ReadonlyMap<string, CampaignExceptions>;
}

type Loaded = ReadonlyMap<number, WorkspaceExceptions>;

/** The copy in memory of what was changed after the send. */
export function createExceptions({ db, now, fallback, onError }: ExceptionsDeps): Exceptions {
  const store = createVersionStore(db);
  const snapshot: Snapshot<Loaded> = createSnapshot<Loaded>(
    new Map(),
    () => loadChanged(store, snapshot.current()),
    onError,
  );
  return {
    find(workspaceId, campaignId, index) {
      const loaded = snapshot.current();
      if (loaded.size === 0) return undefined;
      const found = loaded.get(workspaceId)?.campaigns.get(campaignId);
      return found && decideException(found.links.get(index), found.campaign, now(), fallback);
    },
    refresh: () => snapshot.refresh(),
    async start() {
      await snapshot.refresh().catch(onError);
      snapshot.start();
    },
    stop: () => snapshot.stop(),
  };
}

/** Reads the workspaces again whose number of versions is another; the same map if there are none. */
async function loadChanged(store: VersionStore, known: Loaded): Promise<Loaded> {
  const counts = await store.counts();
  const stale = [...counts].filter(([id, versions]) => known.get(id)?.versions !== versions);
  if (stale.length === 0) return known;
  const read = stale.map(async ([id, versions]): Promise<[number, WorkspaceExceptions]> => {
    const { links, campaigns } = await store.newestOf(id);
    return [id, { versions, campaigns: indexExceptions(links, campaigns) }];
  });
  return new Map([...known, ...(await Promise.all(read))]);
}

function indexExceptions(
  links: readonly ChangedLink[],
  campaigns: readonly ChangedCampaign[],
): ReadonlyMap<string, CampaignExceptions> {
  const index = new Map<string, CampaignExceptions>();
  const of = (campaignId: string): CampaignExceptions => {
    const known = index.get(campaignId) ?? { campaign: undefined, links: new Map() };
    index.set(campaignId, known);
    return known;
  };
  for (const campaign of campaigns)
    if (isException(campaign)) of(campaign.campaignId).campaign = campaign;
  for (const link of links)
    if (isException(link)) of(link.campaignId).links.set(Number(link.linkId), link);
  return index;
}

/** What was undone again is no exception, and a fallback alone changes nothing. */
function isException(settings: ChangedLink | ChangedCampaign): boolean {
  const { stopped, expiresAt, fallback } = settings;
  const isEdited = "destination" in settings && settings.destination !== null;
  return isEdited || stopped || expiresAt !== null || fallback !== null;
}

/**
 * What a click meets: the link's own settings count before its campaign's, and stopped before expired.
 *
 * @param now      milliseconds since the Unix epoch; a link has expired from its `expiresAt` on
 * @param fallback of the installation, where neither link nor campaign has one
 */
export function decideException(
  link: ChangedLink | undefined,
  campaign: ChangedCampaign | undefined,
  now: number,
  fallback: string | undefined,
): LinkException | undefined {
  const version = link?.version ?? null;
  const expiresAt = link?.expiresAt ?? campaign?.expiresAt ?? null;
  const isExpired = expiresAt !== null && expiresAt <= now;
  const state = link?.stopped || campaign?.stopped ? "stopped" : isExpired ? "expired" : null;
  if (state !== null) {
    const destination = link?.fallback ?? campaign?.fallback ?? fallback ?? null;
    return { version, destination, state };
  }
  const destination = link?.destination ?? null;
  return destination === null ? undefined : { version, destination, state };
}
