import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import { createSnapshot } from "../lib/snapshot.ts";
import type { HitConsent } from "./hit.ts";

/** How opens are counted: by contact, without naming anybody, or not at all. */
export const OPEN_MODES = ["individual", "aggregate", "none"] as const;
export type OpenMode = (typeof OPEN_MODES)[number];

/** What holds in a workspace that has chosen nothing: a pixel is only in mails that asked for one. */
const DEFAULT_MODE: OpenMode = "individual";

/** Until the settings were read once (the database may be away at the start) nobody is named. */
const UNKNOWN_MODE: OpenMode = "aggregate";

const CONSENTS: Record<OpenMode, HitConsent | undefined> = {
  individual: undefined,
  aggregate: { mode: "aggregate", canJoin: false },
  none: { mode: "none", canJoin: false },
};

interface OpenSettingsDeps {
  readonly db: Db;
  readonly now: () => number;
  /** Told of each failed background refresh. */
  readonly onError: (error: unknown) => void;
}

/** How each workspace counts the opens of contacts who have said nothing themselves. */
export interface OpenSettings {
  modeOf(workspaceId: number): OpenMode;
  /** What the setting leaves of an open; undefined: everything. On the hot path, from memory. */
  consentOf(workspaceId: number): HitConsent | undefined;
  /** Resolves once this node follows it; other nodes do within a second. */
  change(workspaceId: number, mode: OpenMode): Promise<void>;
  start(): Promise<void>;
  stop(): void;
}

/** The table `open_settings` with its copy in memory. */
export function createOpenSettings({ db, now, onError }: OpenSettingsDeps): OpenSettings {
  const snapshot = createSnapshot<ReadonlyMap<number, OpenMode> | undefined>(
    undefined,
    load,
    onError,
  );

  async function load(): Promise<ReadonlyMap<number, OpenMode>> {
    const rows = await db.all<{ workspace_id: number; mode: OpenMode }>(
      sql`SELECT workspace_id, mode FROM open_settings`,
    );
    return new Map(rows.map(({ workspace_id, mode }) => [workspace_id, mode]));
  }

  function modeOf(workspaceId: number): OpenMode {
    const known = snapshot.current();
    return known ? (known.get(workspaceId) ?? DEFAULT_MODE) : UNKNOWN_MODE;
  }

  return {
    modeOf,
    consentOf: (workspaceId) => CONSENTS[modeOf(workspaceId)],
    async change(workspaceId, mode) {
      await db.run(sql`
        INSERT INTO open_settings (workspace_id, mode, changed_at)
        VALUES (${workspaceId}, ${mode}, ${now()})
        ON CONFLICT (workspace_id)
        DO UPDATE SET mode = excluded.mode, changed_at = excluded.changed_at`);
      await snapshot.refresh();
    },
    async start() {
      await snapshot.refresh().catch(onError);
      snapshot.start();
    },
    stop: () => snapshot.stop(),
  };
}
