import type { Db } from "../db/db.ts";
import type { KeptCopy } from "../lib/kept-copy.ts";
import { createSnapshot, type Keeper, type Snapshot } from "../lib/snapshot.ts";
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
  /** Takes the copy of an earlier run, for a database that is away. */
  restore(): Promise<void>;
  /** Loads them, then follows other nodes; a missing database leaves the copy as it is. */
  start(): Promise<void>;
  stop(): void;
}

interface ExceptionsDeps {
  readonly db: Db;
  /** This node's copy on disk; none without. */
  readonly kept?: KeptCopy;
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
  /** How many versions the workspace had when this was read; null for a copy from disk. */
  readonly versions: number | null;
  readonly campaigns: ReadonlyMap<string, CampaignExceptions>;
}

type Loaded = ReadonlyMap<number, WorkspaceExceptions>;

/** The copy in memory of what was changed after the send. */
export function createExceptions({ db, kept, now, fallback, onError }: ExceptionsDeps): Exceptions {
  const store = createVersionStore(db);
  const snapshot: Snapshot<Loaded> = createSnapshot<Loaded>(
    new Map(),
    () => loadChanged(store, snapshot.current()),
    onError,
    kept && createKeeper(kept),
  );
  return {
    find(workspaceId, campaignId, index) {
      const loaded = snapshot.current();
      if (loaded.size === 0) return undefined;
      const found = loaded.get(workspaceId)?.campaigns.get(campaignId);
      return found && decideException(found.links.get(index), found.campaign, now(), fallback);
    },
    refresh: snapshot.refresh,
    restore: snapshot.restore,
    start: snapshot.start,
    stop: snapshot.stop,
  };
}

/** Reads the workspaces again whose number of versions is another; the same map if there are none. */
async function loadChanged(store: VersionStore, known: Loaded): Promise<Loaded> {
  const counts = await store.counts();
  const stale = [...counts].filter(([id, versions]) => known.get(id)?.versions !== versions);
  if (stale.length === 0 && known.size === counts.size) return known;
  const read = stale.map(async ([id, versions]): Promise<[number, WorkspaceExceptions]> => {
    const { links, campaigns } = await store.newestOf(id);
    return [id, { versions, campaigns: indexExceptions(links, campaigns) }];
  });
  // A copy from disk may know workspaces that the database does not have any more.
  const still = [...known].filter(([id]) => counts.has(id));
  return new Map([...still, ...(await Promise.all(read))]);
}

/** A workspace's changed links and campaigns, as a line of the copy on disk. */
type KeptException =
  | readonly [workspaceId: number, campaign: ChangedCampaign, link: null]
  | readonly [workspaceId: number, campaign: null, link: ChangedLink];

function createKeeper(kept: KeptCopy): Keeper<Loaded> {
  return {
    keep: (loaded) => kept.write(() => toRows(loaded)),
    async restore() {
      // Only what this node has written itself; `KeptCopy` says when the format is another.
      const rows = (await kept.read()) as readonly KeptException[] | undefined;
      return rows && fromRows(rows);
    },
  };
}

function* toRows(loaded: Loaded): Generator<KeptException> {
  for (const [workspaceId, { campaigns }] of loaded) {
    for (const { campaign, links } of campaigns.values()) {
      if (campaign) yield [workspaceId, campaign, null];
      for (const link of links.values()) yield [workspaceId, null, link];
    }
  }
}

function fromRows(rows: readonly KeptException[]): Loaded {
  const ids = new Set(rows.map(([id]) => id));
  const read = [...ids].map((id): [number, WorkspaceExceptions] => {
    const own = rows.filter(([workspaceId]) => workspaceId === id);
    const links = own.flatMap(([, , link]) => link ?? []);
    const campaigns = own.flatMap(([, campaign]) => campaign ?? []);
    return [id, { versions: null, campaigns: indexExceptions(links, campaigns) }];
  });
  return new Map(read);
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
