import type { Db } from "../db/db.ts";
import type { Caller } from "../lib/caller.ts";
import { AppError } from "../lib/errors.ts";
import type { KeptCopy } from "../lib/kept-copy.ts";
import { createSnapshot, type Keeper } from "../lib/snapshot.ts";
import { createHostSet, type HostSet } from "./hosts.ts";
import { type KnownSite, keepSites } from "./kept-sites.ts";
import { type LiveTriggers, loadLiveTriggers, siteKey } from "./live-triggers.ts";
import type { CompiledTrigger } from "./script/compiled.ts";
import { createSiteStore, type Site } from "./store.ts";
import type { Trigger } from "./triggers/schema.ts";

export interface SitesDeps {
  readonly db: Db;
  /** This node's copy on disk; none without. */
  readonly kept?: KeptCopy;
  /** The site of WRITE_KEY, which registers itself; undefined without that key. */
  readonly builtInSite: Pick<Site, "workspaceId" | "id"> | undefined;
  /** Makes a site's public key and shows it this once. */
  createSiteKey(workspaceId: number, siteId: string): Promise<string>;
  /** The triggers of a published version. */
  readTriggers(workspaceId: number, siteId: string, version: number): Promise<readonly Trigger[]>;
  /** Appends to the audit log. */
  record(
    workspaceId: number,
    by: Pick<Caller, "kind" | "id">,
    action: string,
    subject: string,
    detail: Record<string, unknown>,
  ): Promise<void>;
  /** Time-ordered, so that sites list by age. */
  createId(): string;
  now(): number;
  /** Told of each failed background refresh. */
  onError(error: unknown): void;
}

/** What a site is made of; hosts as `parseHost` spells them. */
export type NewSite = Pick<Site, "name" | "hosts">;

/** What of a site can be changed. */
type SiteChanges = Partial<NewSite & Pick<Site, "collects">>;

/** What the script of a site is told: from memory, within a second of a change on another node. */
export interface LiveSite {
  readonly collects: Site["collects"];
  readonly triggers: readonly CompiledTrigger[];
}

/** The registered sites of all workspaces. */
export interface Sites {
  /** Resolves when this node already knows the site; the key is shown this once. */
  create(workspaceId: number, site: NewSite): Promise<{ site: Site; writeKey: string }>;
  /** @throws {AppError} `not_found` (404) */
  update(
    workspaceId: number,
    id: string,
    changes: SiteChanges,
    by: Pick<Caller, "kind" | "id">,
  ): Promise<Site>;
  list(workspaceId: number): Promise<Site[]>;
  /** @throws {AppError} `not_found` (404) */
  find(workspaceId: number, id: string): Promise<Site>;
  /** A site that is not known yet collects everything. */
  live(workspaceId: number, id: string): LiveSite;
  /** Another public key of the site, for a tag that was lost. */
  addKey(workspaceId: number, id: string): Promise<string>;
  refresh(): Promise<void>;
  /**
   * Whether a link goes to a registered site of the workspace. From memory, within a second of a
   * change on another node.
   *
   * @param host as `URL.host` gives it
   */
  isSiteHost(workspaceId: number, host: string): boolean;
  /** Takes what an earlier run kept of hosts and switches, for a database that is away; triggers wait for it. */
  restore(): Promise<void>;
  /** Loads the sites, then keeps them fresh until stopped. Survives a missing database. */
  start(): Promise<void>;
  stop(): void;
}

/** The store of sites with its copy in memory. */
export function createSites(deps: SitesDeps): Sites {
  const { db, builtInSite, createSiteKey, readTriggers, record, createId, now, onError } = deps;
  const store = createSiteStore(db);
  const snapshot = createSnapshot<Known>(
    { hosts: new Map(), sites: new Map(), triggers: new Map() },
    load,
    onError,
    deps.kept && createKeeper(deps.kept),
  );

  async function load(): Promise<Known> {
    const sites = await readAll();
    const triggers = await loadLiveTriggers(sites, snapshot.current().triggers, (site, version) =>
      readTriggers(site.workspaceId, site.id, version),
    );
    return indexSites(sites, triggers);
  }

  async function readAll(): Promise<Site[]> {
    const sites = await store.all();
    if (!builtInSite || sites.some((site) => siteKey(site) === siteKey(builtInSite))) return sites;
    // Of several nodes one adds it; its hosts are named by whoever makes triggers for it.
    await store.add({ ...builtInSite, name: "Built-in site", hosts: [], createdAt: now() });
    return store.all();
  }

  async function find(workspaceId: number, id: string): Promise<Site> {
    const site = await store.get(workspaceId, id);
    if (!site) throw noSuchSite(id);
    return site;
  }

  return {
    async create(workspaceId, { name, hosts }) {
      const site = { workspaceId, id: createId(), name, hosts, createdAt: now() };
      await store.add(site);
      const writeKey = await createSiteKey(workspaceId, site.id);
      await snapshot.refresh();
      return { site: { ...site, collects: "everything", liveVersion: null }, writeKey };
    },
    async update(workspaceId, id, changes, by) {
      const site = { ...(await find(workspaceId, id)), ...changes };
      if (!(await store.update(site))) throw noSuchSite(id);
      await snapshot.refresh();
      await record(workspaceId, by, "site.update", id, changes);
      return site;
    },
    list: (workspaceId) => store.list(workspaceId),
    find,
    live(workspaceId, id) {
      const key = siteKey({ workspaceId, id });
      const { sites, triggers } = snapshot.current();
      return {
        collects: sites.get(key)?.collects ?? "everything",
        triggers: triggers.get(key)?.triggers ?? [],
      };
    },
    async addKey(workspaceId, id) {
      await find(workspaceId, id);
      return createSiteKey(workspaceId, id);
    },
    refresh: snapshot.refresh,
    isSiteHost: (workspaceId, host) =>
      snapshot.current().hosts.get(workspaceId)?.has(host) ?? false,
    restore: snapshot.restore,
    start: snapshot.start,
    stop: snapshot.stop,
  };
}

/** The copy in memory. */
interface Known {
  readonly hosts: ReadonlyMap<number, HostSet>;
  readonly sites: ReadonlyMap<string, KnownSite>;
  readonly triggers: LiveTriggers;
}

function createKeeper(kept: KeptCopy): Keeper<Known> {
  const { keep, restore } = keepSites(kept);
  return {
    keep: ({ sites }) => keep([...sites.values()]),
    async restore() {
      const sites = await restore();
      return sites && indexSites(sites, new Map());
    },
  };
}

function indexSites(sites: readonly KnownSite[], triggers: LiveTriggers): Known {
  return {
    hosts: indexHosts(sites),
    sites: new Map(sites.map((site) => [siteKey(site), site])),
    triggers,
  };
}

function indexHosts(sites: readonly KnownSite[]): ReadonlyMap<number, HostSet> {
  const byWorkspace = new Map<number, string[]>();
  for (const { workspaceId, hosts } of sites) {
    byWorkspace.set(workspaceId, [...(byWorkspace.get(workspaceId) ?? []), ...hosts]);
  }
  return new Map([...byWorkspace].map(([id, hosts]) => [id, createHostSet(hosts)]));
}

function noSuchSite(id: string): AppError {
  return new AppError("not_found", 404, `There is no site "${id}" in this workspace.`);
}
