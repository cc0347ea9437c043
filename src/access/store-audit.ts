import type { Db } from "../db/db.ts";
import { empty, sql } from "../db/sql.ts";
import type { Actor, RecordAudit } from "../lib/audit.ts";
import type { Clock } from "../lib/clock.ts";
import { toStorableText } from "../lib/storable.ts";
import type { AuditEntry } from "./audit.ts";

interface AuditRow {
  audit_id: string;
  at: number;
  actor_kind: Actor["kind"];
  actor_id: string;
  action: string;
  subject: string;
  detail: string;
}

export interface AuditLog {
  record: RecordAudit;
  /** Newest first; `before` is the id of the last entry of the page before. */
  list(workspaceId: number, limit: number, before?: string): Promise<AuditEntry[]>;
}

/** The audit log: rows are added and read, nothing changes or deletes them. */
export function createAuditLog(db: Db, now: Clock, createId: () => string): AuditLog {
  return {
    async record(workspaceId, actor, action, subject, detail = {}) {
      await db.run(sql`
        INSERT INTO audit (workspace_id, audit_id, at, actor_kind, actor_id, action, subject, detail)
        VALUES (${workspaceId}, ${createId()}, ${now()}, ${actor.kind}, ${actor.id}, ${action},
                ${toStorableText(subject)}, ${toStorableText(JSON.stringify(detail))})`);
    },
    async list(workspaceId, limit, before) {
      const rows = await db.all<AuditRow>(sql`
        SELECT audit_id, at, actor_kind, actor_id, action, subject, detail
        FROM audit
        WHERE workspace_id = ${workspaceId}
          ${before === undefined ? empty : sql`AND audit_id < ${before}`}
        ORDER BY audit_id DESC
        LIMIT ${limit}`);
      return rows.map(toEntry);
    },
  };
}

function toEntry(row: AuditRow): AuditEntry {
  return {
    id: row.audit_id,
    at: new Date(row.at).toISOString(),
    actor: { kind: row.actor_kind, id: row.actor_id },
    action: row.action,
    subject: row.subject,
    detail: JSON.parse(row.detail),
  };
}
