import { z } from "zod";
import type { BatchStatement, Db, Engine } from "../db/db.ts";
import { AppError, errorMessage } from "../lib/errors.ts";
import { toStorableText } from "../lib/storable.ts";
import { insertEvents } from "./events-store.ts";
import { type FailedEventRow, insertFailedEvents, splitFailedEvents } from "./failed-events.ts";

/** Keeps facts of the journal, events and refused items alike, given as a JSON array in UTF-8. */
export function insertFacts(engine: Engine, json: Buffer): BatchStatement[] {
  const split = splitFailedEvents(json);
  if (!split) return [insertEvents(engine, json)];
  return [insertEvents(engine, split.events), insertFailedEvents(split.failed)];
}

interface OneByOneDeps {
  readonly db: Db;
  readonly createId: () => string;
  readonly now: () => number;
}

/**
 * Keeps the good ones of facts that the database refused together, and gives back the others with its reason. Safe to
 * repeat.
 *
 * @throws {AppError} `storage_unavailable` as soon as the database is away
 */
export async function insertOneByOne(
  { db, createId, now }: OneByOneDeps,
  json: Buffer,
): Promise<FailedEventRow[]> {
  const facts: unknown[] = JSON.parse(json.toString("utf8"));
  const refused: FailedEventRow[] = [];
  for (const fact of facts) {
    try {
      await db.batch(insertFacts(db.engine, Buffer.from(JSON.stringify([fact]))));
    } catch (error) {
      if (error instanceof AppError) throw error;
      refused.push(refuse(fact, error, createId(), now()));
    }
  }
  return refused;
}

/** What must be known of a fact to keep it among the refused ones. */
const refusedFact = z.object({
  workspace_id: z.number().int().catch(0),
  source_id: z.string().catch(""),
});

function refuse(fact: unknown, error: unknown, id: string, at: number): FailedEventRow {
  const { workspace_id, source_id } = refusedFact.parse(fact);
  return {
    workspace_id,
    failed_id: id,
    received_at: at,
    source_id: toStorableText(source_id),
    source: null,
    refuses_join: 0,
    reason: errorMessage(error),
    raw: toStorableText(JSON.stringify(fact)),
  };
}
