import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import type { Actor, RecordAudit } from "../lib/audit.ts";
import { createSnapshot } from "../lib/snapshot.ts";
import { UTM_KEYS, type UtmParams } from "./utm.ts";

/** Stored parameters of one campaign, or of every campaign of the workspace. */
export interface UtmDefault {
  /** The campaign's name; null stands for every campaign. */
  readonly campaign: string | null;
  readonly utm: UtmParams;
}

export interface UtmDefaultsDeps {
  readonly db: Db;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly recordAudit: RecordAudit;
  /** Told of each failed background refresh. */
  readonly onError: (error: unknown) => void;
}

/** The UTM parameters that a mail gets without naming them; none at first. */
export interface UtmDefaults {
  /** The workspace's, under the campaign's. From memory: a rewrite never waits for the database. */
  of(workspaceId: number, campaign: string): UtmParams;
  /** Those of the workspace first, then by campaign. */
  list(workspaceId: number): Promise<UtmDefault[]>;
  /** Replaces what is stored; no parameter at all forgets it. In force on this node when it resolves. */
  set(workspaceId: number, given: UtmDefault, actor: Actor): Promise<void>;
  /** Loads them, then follows other nodes. */
  start(): Promise<void>;
  /** Loads them once: for a command. */
  refresh(): Promise<void>;
  stop(): void;
}

interface Row {
  readonly workspace_id: number;
  readonly campaign: string;
  readonly utm: string;
}

/** The stored name of "every campaign": no campaign has it. */
const EVERY = "";

/** The table `utm_defaults` with its copy in memory. */
export function createUtmDefaults({ db, now, recordAudit, onError }: UtmDefaultsDeps): UtmDefaults {
  const snapshot = createSnapshot<ReadonlyMap<string, UtmParams>>(new Map(), load, onError);

  async function load(): Promise<ReadonlyMap<string, UtmParams>> {
    const rows = await db.all<Row>(sql`SELECT workspace_id, campaign, utm FROM utm_defaults`);
    return new Map(rows.map((row) => [keyOf(row.workspace_id, row.campaign), toUtm(row.utm)]));
  }

  async function store(workspaceId: number, campaign: string, utm: UtmParams): Promise<void> {
    const json = JSON.stringify(utm);
    await db.run(
      Object.keys(utm).length === 0
        ? sql`
          DELETE FROM utm_defaults
          WHERE workspace_id = ${workspaceId} AND campaign = ${campaign}`
        : sql`
          INSERT INTO utm_defaults (workspace_id, campaign, utm, changed_at)
          VALUES (${workspaceId}, ${campaign}, ${json}, ${now()})
          ON CONFLICT (workspace_id, campaign)
          DO UPDATE SET utm = excluded.utm, changed_at = excluded.changed_at`,
    );
  }

  return {
    of(workspaceId, campaign) {
      const stored = snapshot.current();
      return {
        ...stored.get(keyOf(workspaceId, EVERY)),
        ...stored.get(keyOf(workspaceId, campaign)),
      };
    },
    async list(workspaceId) {
      const rows = await db.all<Row>(sql`
        SELECT workspace_id, campaign, utm
        FROM utm_defaults
        WHERE workspace_id = ${workspaceId}
        ORDER BY campaign`);
      return rows.map(({ campaign, utm }) => ({
        campaign: campaign === EVERY ? null : campaign,
        utm: toUtm(utm),
      }));
    },
    async set(workspaceId, { campaign, utm }, actor) {
      await store(workspaceId, campaign ?? EVERY, utm);
      await recordAudit(workspaceId, actor, "utm_defaults.change", campaign ?? "*", { utm });
      await snapshot.refresh();
    },
    start: snapshot.start,
    refresh: snapshot.refresh,
    stop: snapshot.stop,
  };
}

function keyOf(workspaceId: number, campaign: string): string {
  return `${workspaceId} ${campaign}`;
}

/** In the order they are written in links, whatever else an older or newer release stored. */
function toUtm(json: string): UtmParams {
  const stored: unknown = JSON.parse(json);
  const known = new Map(
    Object.entries(typeof stored === "object" && stored !== null ? stored : {}),
  );
  return Object.fromEntries(
    UTM_KEYS.flatMap((key) => {
      const value: unknown = known.get(key);
      return typeof value === "string" ? [[key, value]] : [];
    }),
  );
}
