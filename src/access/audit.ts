import type { Actor } from "../lib/audit.ts";

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
