import type { Db } from "../db/db.ts";
import { AppError } from "../lib/errors.ts";
import { createSnapshot } from "../lib/snapshot.ts";
import { createHostSet, type HostSet } from "./hosts.ts";
import { createSiteStore, type Site } from "./store.ts";

export interface SitesDeps {
  readonly db: Db;
  /** Makes a site's public key and shows it this once. */
  createSiteKey(workspaceId: number, siteId: string): Promise<string>;
  /** Time-ordered, so that sites list by age. */
  createId(): string;
  now(): number;
  /** Told of each failed background refresh. */
  onError(error: unknown): void;
}

/** What a site is made of; hosts as `parseHost` spells them. */
export type NewSite = Pick<Site, "name" | "hosts">;

/** The registered sites of all workspaces. */
export interface Sites {
  /** Resolves when this node already knows the site; the key is shown this once. */
  create(workspaceId: number, site: NewSite): Promise<{ site: Site; writeKey: string }>;
  /** @throws {AppError} `not_found` (404) */
  update(workspaceId: number, id: string, changes: Partial<NewSite>): Promise<Site>;
  list(workspaceId: number): Promise<Site[]>;
  /**
   * Whether a link goes to a registered site of the workspace. From memory, within a second of a
   * change on another node.
   *
   * @param host as `URL.host` gives it
   */
  isSiteHost(workspaceId: number, host: string): boolean;
  /** Loads the sites, then keeps them fresh until stopped. Survives a missing database. */
  start(): Promise<void>;
  stop(): void;
}

/** The store of sites with its copy in memory. */
export function createSites({ db, createSiteKey, createId, now, onError }: SitesDeps): Sites {
  const store = createSiteStore(db);
  const snapshot = createSnapshot<ReadonlyMap<number, HostSet>>(
    new Map(),
    async () => indexHosts(await store.all()),
    onError,
  );

  return {
    async create(workspaceId, { name, hosts }) {
      const site: Site = { workspaceId, id: createId(), name, hosts, createdAt: now() };
      await store.add(site);
      const writeKey = await createSiteKey(workspaceId, site.id);
      await snapshot.refresh();
      return { site, writeKey };
    },
    async update(workspaceId, id, changes) {
      const known = await store.get(workspaceId, id);
      if (!known) throw noSuchSite(id);
      const site = { ...known, ...changes };
      if (!(await store.update(site))) throw noSuchSite(id);
      await snapshot.refresh();
      return site;
    },
    list: (workspaceId) => store.list(workspaceId),
    isSiteHost: (workspaceId, host) => snapshot.current().get(workspaceId)?.has(host) ?? false,
    async start() {
      await snapshot.refresh().catch(onError);
      snapshot.start();
    },
    stop: () => snapshot.stop(),
  };
}

function indexHosts(sites: readonly Site[]): ReadonlyMap<number, HostSet> {
  const byWorkspace = new Map<number, string[]>();
  for (const { workspaceId, hosts } of sites) {
    byWorkspace.set(workspaceId, [...(byWorkspace.get(workspaceId) ?? []), ...hosts]);
  }
  return new Map([...byWorkspace].map(([id, hosts]) => [id, createHostSet(hosts)]));
}

function noSuchSite(id: string): AppError {
  return new AppError("not_found", 404, `There is no site "${id}" in this workspace.`);
}
