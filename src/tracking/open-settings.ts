import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import type { KeptCopy } from "../lib/kept-copy.ts";
import { createSnapshot, type Keeper } from "../lib/snapshot.ts";
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
  /** This node's copy on disk; none without. */
  readonly kept?: KeptCopy;
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
  /** Takes the copy of an earlier run, for a database that is away. */
  restore(): Promise<void>;
  start(): Promise<void>;
  stop(): void;
}

type Modes = ReadonlyMap<number, OpenMode>;

/** The table `open_settings` with its copy in memory. */
export function createOpenSettings({ db, kept, now, onError }: OpenSettingsDeps): OpenSettings {
  const snapshot = createSnapshot<Modes | undefined>(
    undefined,
    load,
    onError,
    kept && createKeeper(kept),
  );

  async function load(): Promise<Modes> {
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
    restore: snapshot.restore,
    start: snapshot.start,
    stop: snapshot.stop,
  };
}

function createKeeper(kept: KeptCopy): Keeper<Modes | undefined> {
  let written: string | undefined;
  return {
    keep(modes) {
      const rows = [...(modes ?? [])];
      const text = JSON.stringify(rows);
      if (text === written) return;
      written = text;
      kept.write(() => rows);
    },
    async restore() {
      // Only what this node has written itself; `KeptCopy` says when the format is another.
      const rows = (await kept.read()) as readonly (readonly [number, OpenMode])[] | undefined;
      return rows && new Map(rows);
    },
  };
}
