import type { Db } from "../../db/db.ts";
import { sql } from "../../db/sql.ts";
import type { Trigger } from "./schema.ts";

/** A published set of triggers. */
export interface TriggerVersion {
  readonly version: number;
  readonly triggers: readonly Trigger[];
  readonly note: string;
  /** The version that it brought back, or null. */
  readonly restores: number | null;
  readonly publishedAt: number;
  readonly publishedBy: string;
}

/** A trigger of the draft, and who changed it last. */
export interface DraftTrigger {
  readonly trigger: Trigger;
  readonly changedAt: number;
  readonly changedBy: string;
}

/** The tables `triggers` and `trigger_versions`. A site is named by workspace and id. */
export interface TriggerStore {
  /** In the order they were made. Reads by the primary key. */
  draft(workspaceId: number, siteId: string): Promise<DraftTrigger[]>;
  /** Adds or replaces one trigger of the draft. */
  put(workspaceId: number, siteId: string, draft: DraftTrigger): Promise<void>;
  /** False if there was none. */
  remove(workspaceId: number, siteId: string, triggerId: string): Promise<boolean>;
  /** Newest first. Reads by the primary key. */
  versions(workspaceId: number, siteId: string): Promise<TriggerVersion[]>;
  version(
    workspaceId: number,
    siteId: string,
    version: number,
  ): Promise<TriggerVersion | undefined>;
  /**
   * Appends a version and makes it the live one.
   *
   * @throws {AppError} `stale_write` when that number was published meanwhile
   */
  publish(workspaceId: number, siteId: string, version: TriggerVersion): Promise<void>;
  /** The same, and puts its triggers in the place of the draft. */
  restore(workspaceId: number, siteId: string, version: TriggerVersion): Promise<void>;
}

interface VersionRow {
  version: number;
  triggers: string;
  note: string;
  restores: number | null;
  published_at: number;
  published_by: string;
}

const VERSION_COLUMNS = sql`version, triggers, note, restores, published_at, published_by`;

/** @param db the storage port */
export function createTriggerStore(db: Db): TriggerStore {
  return {
    async draft(workspaceId, siteId) {
      const rows = await db.all<{
        trigger_id: string;
        definition: string;
        changed_at: number;
        changed_by: string;
      }>(sql`
        SELECT trigger_id, definition, changed_at, changed_by
        FROM triggers
        WHERE workspace_id = ${workspaceId} AND site_id = ${siteId}
        ORDER BY trigger_id`);
      return rows.map((row) => ({
        trigger: { id: row.trigger_id, ...JSON.parse(row.definition) },
        changedAt: row.changed_at,
        changedBy: row.changed_by,
      }));
    },
    async put(workspaceId, siteId, draft) {
      await db.run(putStatement(workspaceId, siteId, draft));
    },
    async remove(workspaceId, siteId, triggerId) {
      const removed = await db.run(sql`
        DELETE FROM triggers
        WHERE workspace_id = ${workspaceId} AND site_id = ${siteId} AND trigger_id = ${triggerId}`);
      return removed === 1;
    },
    async versions(workspaceId, siteId) {
      const rows = await db.all<VersionRow>(sql`
        SELECT ${VERSION_COLUMNS}
        FROM trigger_versions
        WHERE workspace_id = ${workspaceId} AND site_id = ${siteId}
        ORDER BY version DESC`);
      return rows.map(toVersion);
    },
    async version(workspaceId, siteId, version) {
      const row = await db.get<VersionRow>(sql`
        SELECT ${VERSION_COLUMNS}
        FROM trigger_versions
        WHERE workspace_id = ${workspaceId} AND site_id = ${siteId} AND version = ${version}`);
      return row && toVersion(row);
    },
    async publish(workspaceId, siteId, version) {
      await db.batch(publishStatements(workspaceId, siteId, version));
    },
    async restore(workspaceId, siteId, version) {
      const { triggers, publishedAt: changedAt, publishedBy: changedBy } = version;
      await db.batch([
        ...publishStatements(workspaceId, siteId, version),
        sql`
          DELETE FROM triggers
          WHERE workspace_id = ${workspaceId} AND site_id = ${siteId}`,
        ...triggers.map((trigger) =>
          putStatement(workspaceId, siteId, { trigger, changedAt, changedBy }),
        ),
      ]);
    },
  };
}

function putStatement(
  workspaceId: number,
  siteId: string,
  { trigger: { id, ...definition }, changedAt, changedBy }: DraftTrigger,
) {
  return sql`
    INSERT INTO triggers
      (workspace_id, site_id, trigger_id, definition, changed_at, changed_by)
    VALUES (${workspaceId}, ${siteId}, ${id}, ${JSON.stringify(definition)}, ${changedAt},
            ${changedBy})
    ON CONFLICT (workspace_id, site_id, trigger_id) DO UPDATE
    SET definition = excluded.definition, changed_at = excluded.changed_at,
        changed_by = excluded.changed_by`;
}

function publishStatements(
  workspaceId: number,
  siteId: string,
  { version, triggers, note, restores, publishedAt, publishedBy }: TriggerVersion,
) {
  const statement = sql`
    INSERT INTO trigger_versions (workspace_id, site_id, ${VERSION_COLUMNS})
    VALUES (${workspaceId}, ${siteId}, ${version}, ${JSON.stringify(triggers)}, ${note},
            ${restores}, ${publishedAt}, ${publishedBy})
    ON CONFLICT (workspace_id, site_id, version) DO NOTHING`;
  return [
    { statement, changes: 1 },
    sql`
      UPDATE sites
      SET live_version = ${version}
      WHERE workspace_id = ${workspaceId} AND site_id = ${siteId}`,
  ];
}

function toVersion(row: VersionRow): TriggerVersion {
  return {
    version: row.version,
    triggers: JSON.parse(row.triggers),
    note: row.note,
    restores: row.restores,
    publishedAt: row.published_at,
    publishedBy: row.published_by,
  };
}
