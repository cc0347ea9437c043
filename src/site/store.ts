import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";

/** What the script of a site sends. */
export const COLLECTS = ["everything", "page_views", "nothing"] as const;

/** A registered site. */
export interface Site {
  readonly workspaceId: number;
  readonly id: string;
  readonly name: string;
  /** As `parseHost` spells them. */
  readonly hosts: readonly string[];
  readonly createdAt: number;
  readonly collects: (typeof COLLECTS)[number];
  /** The version of its triggers that is published; null before the first. */
  readonly liveVersion: number | null;
}

/** The table `sites`. */
export interface SiteStore {
  /** Leaves a site alone that is there already. */
  add(site: Omit<Site, "collects" | "liveVersion">): Promise<void>;
  /** Changes name, hosts and what is collected; false if there is no such site in the workspace. */
  update(site: Pick<Site, "workspaceId" | "id" | "name" | "hosts" | "collects">): Promise<boolean>;
  /** Oldest first. Reads by the primary key. */
  list(workspaceId: number): Promise<Site[]>;
  get(workspaceId: number, id: string): Promise<Site | undefined>;
  /** Every workspace's sites, for the copy in memory: a few hundred short rows. */
  all(): Promise<Site[]>;
}

interface SiteRow {
  workspace_id: number;
  site_id: string;
  name: string;
  hosts: string;
  created_at: number;
  collects: Site["collects"];
  live_version: number | null;
}

const COLUMNS = sql`workspace_id, site_id, name, hosts, created_at, collects, live_version`;

/** @param db the storage port */
export function createSiteStore(db: Db): SiteStore {
  return {
    async add({ workspaceId, id, name, hosts, createdAt }) {
      await db.run(sql`
        INSERT INTO sites (workspace_id, site_id, name, hosts, created_at)
        VALUES (${workspaceId}, ${id}, ${name}, ${JSON.stringify(hosts)}, ${createdAt})
        ON CONFLICT (workspace_id, site_id) DO NOTHING`);
    },
    async update({ workspaceId, id, name, hosts, collects }) {
      const changed = await db.run(sql`
        UPDATE sites
        SET name = ${name}, hosts = ${JSON.stringify(hosts)}, collects = ${collects}
        WHERE workspace_id = ${workspaceId} AND site_id = ${id}`);
      return changed === 1;
    },
    async list(workspaceId) {
      const rows = await db.all<SiteRow>(sql`
        SELECT ${COLUMNS}
        FROM sites
        WHERE workspace_id = ${workspaceId}
        ORDER BY site_id`);
      return rows.map(toSite);
    },
    async get(workspaceId, id) {
      const row = await db.get<SiteRow>(sql`
        SELECT ${COLUMNS}
        FROM sites
        WHERE workspace_id = ${workspaceId} AND site_id = ${id}`);
      return row && toSite(row);
    },
    async all() {
      const rows = await db.all<SiteRow>(sql`SELECT ${COLUMNS} FROM sites`);
      return rows.map(toSite);
    },
  };
}

function toSite(row: SiteRow): Site {
  const hosts: unknown = JSON.parse(row.hosts);
  return {
    workspaceId: row.workspace_id,
    id: row.site_id,
    name: row.name,
    hosts: Array.isArray(hosts) ? hosts.map(String) : [],
    createdAt: row.created_at,
    collects: row.collects,
    liveVersion: row.live_version,
  };
}
