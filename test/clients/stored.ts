import path from "node:path";
import Database from "better-sqlite3";
import { type JsonObject, objectOf } from "../../src/collect/json-object.ts";
import { type RunningService, waitUntilSettled } from "../support/service.ts";

/** A row of the log, its JSON columns read. */
export interface StoredRow extends JsonObject {
  readonly type: string;
  readonly name: string;
  readonly context: JsonObject;
  readonly properties: JsonObject;
}

/** What a service has collected since the event `afterSeq`, oldest first. */
export async function readStored(service: RunningService, afterSeq = 0): Promise<StoredRow[]> {
  await waitUntilSettled(service);
  return query(service, "SELECT * FROM events WHERE seq > ? ORDER BY seq", afterSeq).map((row) => ({
    ...row,
    type: String(row["type"]),
    name: String(row["name"]),
    context: objectOf(JSON.parse(String(row["context"]))),
    properties: objectOf(JSON.parse(String(row["properties"]))),
  }));
}

/** The `seq` of the newest event, or 0. */
export async function lastSeq(service: RunningService): Promise<number> {
  await waitUntilSettled(service);
  const [row] = query(service, "SELECT COALESCE(MAX(seq), ?) AS seq FROM events", 0);
  return Number(row?.["seq"]);
}

/** What a service has refused so far. */
export function readRefused(service: RunningService): JsonObject[] {
  return query(service, "SELECT reason, raw FROM failed_events WHERE received_at > ?", 0);
}

function query(service: RunningService, sql: string, bound: number): JsonObject[] {
  const db = new Database(path.join(service.dataDir, "clicktrail.db"), { readonly: true });
  try {
    return db.prepare<[number], JsonObject>(sql).all(bound);
  } finally {
    db.close();
  }
}
