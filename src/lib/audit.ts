import type { Caller } from "./caller.ts";

/** Who changed something: a caller, or the command line, or the service itself. */
export interface Actor {
  readonly kind: Caller["kind"] | "cli" | "system";
  readonly id: string;
}

/** Notes a change in the audit log; features name their own actions. `detail` never holds a secret. */
export type RecordAudit = (
  workspaceId: number,
  actor: Actor,
  action: string,
  subject: string,
  detail?: Record<string, unknown>,
) => Promise<void>;
