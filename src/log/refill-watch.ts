import type { Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import { readGenerations } from "./generations.ts";

/** How far the filling of a projection is. */
export interface RefillState {
  /** A generation made after the watch began is the live one. */
  readonly isDone: boolean;
  /** Places of the log that are read, of all. */
  readonly done: number;
  readonly all: number;
  /** Changes that the projection appended to the feed since the watch began. */
  readonly corrections: number;
}

/** Watches a projection from now on until a newer generation than the live one has taken its place. */
export async function createRefillWatch(
  db: Db,
  name: string,
): Promise<{ look(): Promise<RefillState> }> {
  const before = await readGenerations(db, name);
  const live = before.find(({ state }) => state === "live")?.generation ?? 0;
  const feed = await db.get<{ last: number | null }>(
    sql`SELECT MAX(change_seq) AS last FROM changes`,
  );
  return {
    async look() {
      const [generations, counts] = await Promise.all([
        readGenerations(db, name),
        db.get<{ last: number; corrections: number }>(sql`
          SELECT
            (SELECT MAX(seq) FROM events) AS last,
            (SELECT COUNT(*) FROM changes
             WHERE stage = ${name} AND change_seq > ${feed?.last ?? 0}) AS corrections`),
      ]);
      const newest = generations.at(-1);
      return {
        isDone: newest?.state === "live" && newest.generation > live,
        done: newest?.log.seq ?? 0,
        all: counts?.last ?? 0,
        corrections: counts?.corrections ?? 0,
      };
    },
  };
}
