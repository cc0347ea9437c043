import type { Db } from "../db/db.ts";
import { empty, type Sql, sql } from "../db/sql.ts";
import type { FailedSource } from "../log/failed-events.ts";

/** What became of a refused event. */
export const FAILED_STATUSES = ["open", "replayed", "discarded"] as const;
export type FailedStatus = (typeof FAILED_STATUSES)[number];

/** A refused event as it is kept. Times are milliseconds since the Unix epoch. */
export interface FailedEvent {
  readonly id: string;
  readonly receivedAt: number;
  readonly sourceId: string;
  /** Null where it was kept by an earlier release, or refused by the database. */
  readonly source: FailedSource | null;
  /** 1 where its visit is to be joined to nobody. */
  readonly refusesJoin: number | null;
  /** A reject code, what the database said, or what is wrong with a fact that it refused. */
  readonly reason: string;
  /** The body as it came. */
  readonly raw: string;
  /** What is read in its place. */
  readonly edited: string | null;
  readonly status: FailedStatus;
  readonly note: string | null;
  readonly settledAt: number | null;
}

/** Which refused events a list shows, newest first. */
export interface FailedQuery {
  readonly status: FailedStatus;
  readonly reason?: string | undefined;
  /** Place of the last one already seen. */
  readonly after?: Pick<FailedEvent, "receivedAt" | "id"> | undefined;
  readonly limit: number;
}

/** The refused events of the workspaces. */
export interface FailedStore {
  list(workspaceId: number, query: FailedQuery): Promise<FailedEvent[]>;
  /** How many have a status, by reason, most first. */
  count(workspaceId: number, status: FailedStatus): Promise<{ reason: string; count: number }[]>;
  find(workspaceId: number, id: string): Promise<FailedEvent | undefined>;
  /** Sets what is read in place of the body; false unless it is open. */
  edit(workspaceId: number, id: string, text: string | null): Promise<boolean>;
  /** Says why each was refused this time, in one transaction. */
  setReasons(
    workspaceId: number,
    reasons: readonly Pick<FailedEvent, "id" | "reason">[],
  ): Promise<void>;
  /**
   * Moves events from one status to another, in one transaction.
   *
   * @returns the ids of those that were moved: another has another status meanwhile
   */
  move(workspaceId: number, ids: readonly string[], move: FailedMove): Promise<Set<string>>;
}

/** A change of status. */
interface FailedMove {
  readonly from: FailedStatus;
  readonly to: FailedStatus;
  readonly note: string | null;
  readonly at: number | null;
}

const COLUMNS = sql`
  failed_id AS id, received_at AS "receivedAt", source_id AS "sourceId", source,
  refuses_join AS "refusesJoin", reason, raw, edited, status, note,
  settled_at AS "settledAt"`;

/** Opens the refused events. */
export function createFailedStore(db: Db): FailedStore {
  return {
    list(workspaceId, { status, reason, after, limit }) {
      const isReason = reason === undefined ? empty : sql`AND reason = ${reason}`;
      return db.all<FailedEvent>(sql`
        SELECT ${COLUMNS} FROM failed_events
        WHERE workspace_id = ${workspaceId} AND status = ${status} ${isReason} ${behind(after)}
        ORDER BY received_at DESC, failed_id DESC
        LIMIT ${limit}`);
    },
    count(workspaceId, status) {
      return db.all<{ reason: string; count: number }>(sql`
        SELECT reason, COUNT(*) AS count FROM failed_events
        WHERE workspace_id = ${workspaceId} AND status = ${status}
        GROUP BY reason
        ORDER BY COUNT(*) DESC, reason`);
    },
    find(workspaceId, id) {
      return db.get<FailedEvent>(sql`
        SELECT ${COLUMNS} FROM failed_events
        WHERE workspace_id = ${workspaceId} AND failed_id = ${id}`);
    },
    async edit(workspaceId, id, text) {
      const changed = await db.run(sql`
        UPDATE failed_events SET edited = ${text}
        WHERE workspace_id = ${workspaceId} AND failed_id = ${id} AND status = 'open'`);
      return changed > 0;
    },
    async setReasons(workspaceId, reasons) {
      if (reasons.length === 0) return;
      await db.batch(
        reasons.map(
          ({ id, reason }) => sql`
            UPDATE failed_events SET reason = ${reason}
            WHERE workspace_id = ${workspaceId} AND failed_id = ${id}`,
        ),
      );
    },
    async move(workspaceId, ids, { from, to, note, at }) {
      if (ids.length === 0) return new Set();
      const changed = await db.batch(
        ids.map(
          (id) => sql`
            UPDATE failed_events SET status = ${to}, note = ${note}, settled_at = ${at}
            WHERE workspace_id = ${workspaceId} AND failed_id = ${id} AND status = ${from}`,
        ),
      );
      return new Set(ids.filter((_id, index) => changed[index] === 1));
    },
  };
}

function behind(after: FailedQuery["after"]): Sql {
  if (!after) return empty;
  return sql`AND (received_at, failed_id) < (${after.receivedAt}, ${after.id})`;
}
