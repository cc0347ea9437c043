import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import { AppError } from "../lib/errors.ts";
import { createSnapshot } from "../lib/snapshot.ts";
import { toEventName } from "../log/event-name.ts";
import type { PlannedParam } from "../log/quality-checks.ts";
import { STANDARD_EVENTS } from "../log/standard-events.ts";
import { requireKeptName } from "./kept-name.ts";

/** A custom event that a workspace has declared. */
interface PlannedEvent {
  readonly name: string;
  readonly parameters: readonly PlannedParam[];
}

interface TrackingPlanDeps {
  readonly db: Db;
  readonly now: () => number;
  /** Told of each failed background refresh. */
  readonly onError: (error: unknown) => void;
}

/** The custom events of each workspace; the quality checks go by them. */
export interface TrackingPlan {
  /** What is declared of an event; null: nothing. From memory. */
  find(workspaceId: number, name: string): readonly PlannedParam[] | null;
  /** By name. */
  list(workspaceId: number): Promise<PlannedEvent[]>;
  /**
   * Declares an event, or replaces what is declared of it. In force on this node when it resolves.
   *
   * @throws {AppError} `invalid_body` (422) for a standard event, or a name that events are not kept under
   */
  put(workspaceId: number, event: PlannedEvent): Promise<void>;
  /** @throws {AppError} `not_found` (404) */
  remove(workspaceId: number, name: string): Promise<void>;
  start(): Promise<void>;
  stop(): void;
}

interface Row {
  readonly workspace_id: number;
  readonly name: string;
  readonly parameters: string;
}

/** The table `planned_events` with its copy in memory. */
export function createTrackingPlan({ db, now, onError }: TrackingPlanDeps): TrackingPlan {
  const snapshot = createSnapshot<ReadonlyMap<string, PlannedEvent>>(new Map(), load, onError);

  async function load(): Promise<ReadonlyMap<string, PlannedEvent>> {
    const rows = await db.all<Row>(sql`SELECT workspace_id, name, parameters FROM planned_events`);
    return new Map(rows.map((row) => [keyOf(row.workspace_id, row.name), toPlanned(row)]));
  }

  return {
    find: (workspaceId, name) =>
      snapshot.current().get(keyOf(workspaceId, name))?.parameters ?? null,
    async list(workspaceId) {
      const rows = await db.all<Row>(sql`
        SELECT workspace_id, name, parameters FROM planned_events
        WHERE workspace_id = ${workspaceId} ORDER BY name`);
      return rows.map(toPlanned);
    },
    async put(workspaceId, { name, parameters }) {
      checkName(name);
      const json = JSON.stringify(parameters);
      await db.run(sql`
        INSERT INTO planned_events (workspace_id, name, parameters, changed_at)
        VALUES (${workspaceId}, ${name}, ${json}, ${now()})
        ON CONFLICT (workspace_id, name)
        DO UPDATE SET parameters = excluded.parameters, changed_at = excluded.changed_at`);
      await snapshot.refresh();
    },
    async remove(workspaceId, name) {
      const removed = await db.run(sql`
        DELETE FROM planned_events WHERE workspace_id = ${workspaceId} AND name = ${name}`);
      await snapshot.refresh();
      if (removed === 0) {
        throw new AppError("not_found", 404, `The tracking plan has no event "${name}".`);
      }
    },
    start: snapshot.start,
    stop: snapshot.stop,
  };
}

function keyOf(workspaceId: number, name: string): string {
  return `${workspaceId} ${name}`;
}

function toPlanned({ name, parameters }: Row): PlannedEvent {
  return { name, parameters: JSON.parse(parameters) };
}

function checkName(name: string): void {
  const kept = toEventName(name);
  if (STANDARD_EVENTS.has(kept)) {
    throw new AppError("invalid_body", 422, `"${name}" is the standard event ${kept}.`, {
      hint: "Its parameters are known; only custom events are declared.",
    });
  }
  requireKeptName(name);
}
