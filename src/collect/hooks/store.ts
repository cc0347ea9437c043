import type { Db } from "../../db/db.ts";
import { join, sql } from "../../db/sql.ts";

/** A mail that was sent, as a provider's event needs it. */
export interface SentMail {
  readonly message_id: string;
  readonly campaign_id: string | null;
  readonly recipient_contact: string | null;
}

/** What came from a provider with one outcome. */
export interface HookCount {
  readonly esp: string;
  readonly outcome: string;
  readonly total: number;
  /** Milliseconds since the Unix epoch. */
  readonly last_at: number;
}

interface HookRow {
  readonly workspace_id: number;
  readonly esp: string;
  readonly sealed: string;
  readonly changed_at: number;
}

/** The tables `hooks` and `hook_counts`, and mails of the log. */
export interface HookStore {
  all(): Promise<HookRow[]>;
  put(row: HookRow): Promise<void>;
  delete(workspaceId: number, esp: string): Promise<number>;
  addCounts(workspaceId: number, counts: readonly HookCount[]): Promise<void>;
  counts(workspaceId: number): Promise<HookCount[]>;
  /** Those of the references that are mails of the workspace. Read by the index `events_sent`. */
  findSent(workspaceId: number, messageRefs: readonly string[]): Promise<SentMail[]>;
}

export function createHookStore(db: Db): HookStore {
  return {
    all: () => db.all<HookRow>(sql`SELECT workspace_id, esp, sealed, changed_at FROM hooks`),
    async put({ workspace_id, esp, sealed, changed_at }) {
      await db.run(sql`
        INSERT INTO hooks (workspace_id, esp, sealed, changed_at)
        VALUES (${workspace_id}, ${esp}, ${sealed}, ${changed_at})
        ON CONFLICT (workspace_id, esp)
        DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at`);
    },
    delete: (workspaceId, esp) =>
      db.run(sql`DELETE FROM hooks WHERE workspace_id = ${workspaceId} AND esp = ${esp}`),
    async addCounts(workspaceId, counts) {
      await db.batch(
        counts.map(
          ({ esp, outcome, total, last_at }) => sql`
            INSERT INTO hook_counts (workspace_id, esp, outcome, total, last_at)
            VALUES (${workspaceId}, ${esp}, ${outcome}, ${total}, ${last_at})
            ON CONFLICT (workspace_id, esp, outcome)
            DO UPDATE SET
              total = hook_counts.total + excluded.total,
              last_at = CASE WHEN excluded.last_at > hook_counts.last_at
                THEN excluded.last_at ELSE hook_counts.last_at END`,
        ),
      );
    },
    counts: (workspaceId) =>
      db.all<HookCount>(sql`
        SELECT esp, outcome, total, last_at FROM hook_counts
        WHERE workspace_id = ${workspaceId} ORDER BY esp, outcome`),
    async findSent(workspaceId, messageRefs) {
      if (messageRefs.length === 0) return [];
      return db.all<SentMail>(sql`
        SELECT message_id, campaign_id, recipient_contact FROM events
        WHERE workspace_id = ${workspaceId} AND type = 'sent' AND message_id IN (${join(messageRefs)})`);
    },
  };
}
