import type { Caller } from "../lib/caller.ts";

/** Who changed something: a caller, or the command line, or the service itself. */
export interface Actor {
  readonly kind: Caller["kind"] | "cli" | "system";
  readonly id: string;
}

/** One change of settings, as `GET /v1/audit` shows it. */
export interface AuditEntry {
  id: string;
  /** ISO 8601, UTC. */
  at: string;
  actor: Actor;
  /** `object.verb`: `key.create`. */
  action: string;
  /** Id of what was changed. */
  subject: string;
  detail: Record<string, unknown>;
}

/** Appends one entry; features name their own actions. `detail` never holds a secret. */
export type RecordAudit = (
  workspaceId: number,
  actor: Actor,
  action: string,
  subject: string,
  detail?: Record<string, unknown>,
) => Promise<void>;
