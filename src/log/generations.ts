import type { BatchStatement, Db, Sql } from "../db/db.ts";
import { identifier, sql } from "../db/sql.ts";
import { AppError } from "../lib/errors.ts";
import type { ChangeCursor } from "./changes.ts";
import type { LogCursor } from "./events-store.ts";
import type { Projection, TableName } from "./projection.ts";

/** A row of `projections`: one generation of one projection, and how far it has read. */
export interface Generation {
  readonly generation: number;
  readonly version: number;
  readonly state: "live" | "filling";
  readonly log: LogCursor;
  readonly changes: ChangeCursor;
}

/** All generations of a projection, oldest first. */
export async function readGenerations(db: Db, name: string): Promise<Generation[]> {
  const rows = await db.all<{
    generation: number;
    version: number;
    state: "live" | "filling";
    cursor_txid: number;
    cursor_seq: number;
    change_txid: number;
    change_seq: number;
  }>(sql`
    SELECT generation, version, state, cursor_txid, cursor_seq, change_txid, change_seq
    FROM projections WHERE name = ${name} ORDER BY generation`);
  return rows.map((row) => ({
    generation: row.generation,
    version: row.version,
    state: row.state,
    log: { txid: row.cursor_txid, seq: row.cursor_seq },
    changes: { txid: row.change_txid, changeSeq: row.change_seq },
  }));
}

/**
 * Brings the generations of a projection to what its code asks for: a first live one, or, when the version was
 * raised, a new one that fills beside the live one. Generations that an older start left filling go.
 *
 * @throws {AppError} `newer_schema` when the database was already filled by a newer version
 */
export async function ensureGenerations(db: Db, projection: Projection): Promise<Generation[]> {
  const found = await readGenerations(db, projection.name);
  const newest = found.at(-1);
  const live = found.find(({ state }) => state === "live");
  if (found.some(({ version }) => version > projection.version)) throw newerProjection(projection);
  if (newest?.version === projection.version) return found;
  const stale = found.filter(({ state }) => state === "filling");
  const generation = (newest?.generation ?? 0) + 1;
  await db.batch([
    ...stale.flatMap((old) => dropGeneration(projection, old.generation)),
    ...createGeneration(projection, generation, live ? "filling" : "live"),
    ...(live ? [] : publish(projection, generation)),
  ]);
  return readGenerations(db, projection.name);
}

/**
 * Has a projection computed again from the beginning of the log, beside the live generation, by whichever
 * node runs it. Nothing if it is being filled already.
 */
export async function refillProjection(db: Db, projection: Projection): Promise<void> {
  const found = await ensureGenerations(db, projection);
  const newest = found.at(-1);
  if (newest?.state === "filling") return;
  await db.batch(createGeneration(projection, (newest?.generation ?? 0) + 1, "filling"));
}

/** The writes that make a filled generation the live one, and drop the one it replaces. */
export function swapGenerations(
  projection: Projection,
  from: Generation,
  to: Generation,
): BatchStatement[] {
  const tables = [tableOf(from.generation), tableOf(to.generation)] as const;
  return [
    ...(projection.corrections ? [projection.corrections(...tables)] : []),
    ...publish(projection, to.generation),
    sql`
      UPDATE projections SET state = 'live'
      WHERE name = ${projection.name} AND generation = ${to.generation}`,
    ...dropGeneration(projection, from.generation),
  ];
}

/** The guarded write that moves a generation's cursors: it fails when another node moved them first. */
export function moveCursors(
  projection: Projection,
  from: Generation,
  log: LogCursor,
  changes: ChangeCursor,
  fence: Sql,
): BatchStatement {
  const statement = sql`
    UPDATE projections SET
      cursor_txid = ${log.txid}, cursor_seq = ${log.seq},
      change_txid = ${changes.txid}, change_seq = ${changes.changeSeq}
    WHERE name = ${projection.name} AND generation = ${from.generation}
      AND cursor_txid = ${from.log.txid} AND cursor_seq = ${from.log.seq}
      AND change_txid = ${from.changes.txid} AND change_seq = ${from.changes.changeSeq}
      AND ${fence}`;
  return { statement, changes: 1 };
}

/** `journey` of generation 2 is `journey_g2`; readers use the view `journey`. */
export function tableOf(generation: number): TableName {
  return (name) => identifier(`${name}_g${generation}`);
}

function createGeneration(
  projection: Projection,
  generation: number,
  state: Generation["state"],
): BatchStatement[] {
  return [
    ...projection.create(tableOf(generation)),
    sql`
      INSERT INTO projections (
        name, generation, version, state, cursor_txid, cursor_seq, change_txid, change_seq
      ) VALUES (${projection.name}, ${generation}, ${projection.version}, ${state}, 0, 0, 0, 0)`,
  ];
}

function publish(projection: Projection, generation: number): BatchStatement[] {
  const table = tableOf(generation);
  return projection.tables.flatMap((name) => [
    sql`DROP VIEW IF EXISTS ${identifier(name)}`,
    sql`CREATE VIEW ${identifier(name)} AS SELECT * FROM ${table(name)}`,
  ]);
}

function dropGeneration(projection: Projection, generation: number): BatchStatement[] {
  const table = tableOf(generation);
  return [
    ...projection.tables.map((name) => sql`DROP TABLE IF EXISTS ${table(name)}`),
    sql`DELETE FROM projections WHERE name = ${projection.name} AND generation = ${generation}`,
  ];
}

function newerProjection({ name, version }: Projection): AppError {
  return new AppError(
    "newer_schema",
    500,
    `The projection "${name}" was filled by a newer clicktrail than this one (it knows version ${version}).`,
    { hint: "Start the newer clicktrail again, or restore a backup from before the upgrade." },
  );
}
