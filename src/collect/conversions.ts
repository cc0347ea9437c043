import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import { AppError } from "../lib/errors.ts";
import { createSnapshot } from "../lib/snapshot.ts";
import { STANDARD_EVENTS } from "../log/standard-events.ts";
import { requireKeptName } from "./kept-name.ts";

/** An event that counts as a conversion. */
interface Conversion {
  readonly name: string;
  /** Whether it is one unless somebody says otherwise. */
  readonly by_default: boolean;
}

/** Which events count as conversions, in each workspace. */
export interface Conversions {
  /** From memory. */
  isConversion(workspaceId: number, name: string): boolean;
  /** By name. */
  list(workspaceId: number): Promise<Conversion[]>;
  /**
   * Marks an event, or takes the mark from it. In force on this node when it resolves.
   *
   * @throws {AppError} `invalid_body` (422) for a name that events are not kept under, `not_found` (404) for taking
   *                    a mark that is not there
   */
  set(workspaceId: number, name: string, isConversion: boolean): Promise<void>;
  start(): Promise<void>;
  stop(): void;
}

interface ConversionsDeps {
  readonly db: Db;
  readonly now: () => number;
  /** Told of each failed background refresh. */
  readonly onError: (error: unknown) => void;
}

interface Mark {
  readonly workspace_id: number;
  readonly name: string;
  readonly is_conversion: number;
}

/** The table `conversion_marks` with its copy in memory, over what the standard events say. */
export function createConversions({ db, now, onError }: ConversionsDeps): Conversions {
  const snapshot = createSnapshot<ReadonlyMap<string, boolean>>(new Map(), load, onError);

  async function load(): Promise<ReadonlyMap<string, boolean>> {
    const marks = await db.all<Mark>(
      sql`SELECT workspace_id, name, is_conversion FROM conversion_marks`,
    );
    return new Map(
      marks.map(({ workspace_id, name, is_conversion }) => [
        keyOf(workspace_id, name),
        is_conversion === 1,
      ]),
    );
  }

  async function marksOf(workspaceId: number): Promise<ReadonlyMap<string, boolean>> {
    const marks = await db.all<Mark>(sql`
      SELECT workspace_id, name, is_conversion FROM conversion_marks
      WHERE workspace_id = ${workspaceId}`);
    return new Map(marks.map(({ name, is_conversion }) => [name, is_conversion === 1]));
  }

  return {
    isConversion: (workspaceId, name) =>
      snapshot.current().get(keyOf(workspaceId, name)) ?? isByDefault(name),
    list: async (workspaceId) => listConversions(await marksOf(workspaceId)),
    async set(workspaceId, name, isConversion) {
      requireKeptName(name);
      const marks = await marksOf(workspaceId);
      if (!isConversion && !(marks.get(name) ?? isByDefault(name))) {
        throw new AppError("not_found", 404, `"${name}" is not marked as a conversion.`);
      }
      await db.run(sql`
        INSERT INTO conversion_marks (workspace_id, name, is_conversion, changed_at)
        VALUES (${workspaceId}, ${name}, ${isConversion ? 1 : 0}, ${now()})
        ON CONFLICT (workspace_id, name) DO UPDATE SET
          is_conversion = excluded.is_conversion, changed_at = excluded.changed_at`);
      await snapshot.refresh();
    },
    start: snapshot.start,
    stop: snapshot.stop,
  };
}

function keyOf(workspaceId: number, name: string): string {
  return `${workspaceId} ${name}`;
}

function isByDefault(name: string): boolean {
  return STANDARD_EVENTS.get(name)?.keyEvent ?? false;
}

function listConversions(marks: ReadonlyMap<string, boolean>): Conversion[] {
  const byDefault = [...STANDARD_EVENTS.keys()].filter(isByDefault);
  return [...new Set([...byDefault, ...marks.keys()])]
    .filter((name) => marks.get(name) ?? isByDefault(name))
    .sort()
    .map((name) => ({ name, by_default: isByDefault(name) }));
}
