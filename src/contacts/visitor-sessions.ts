import type { Sql } from "../db/db.ts";
import { groupBy } from "./group-by.ts";
import type { Placed } from "./identity.ts";
import type { Scope } from "./store.ts";
import { readSessions, type SessionRow, type VisitorEvent } from "./store-visitors.ts";
import { createWriters } from "./writers.ts";

/** The sessions of one visitor. */
export interface VisitorSessions {
  /** Session number within the visitor to the seq of its first event. */
  readonly nameOf: ReadonlyMap<number, number>;
  readonly rows: readonly SessionRow[];
}

/** Names the sessions of a visitor, and sums them up. */
export function sessionsOf(
  visitor: number,
  rows: readonly VisitorEvent[],
  placed: readonly Placed[],
): VisitorSessions {
  const seqOf = new Map(rows.map((row) => [row.fact, row.seq]));
  const nameOf = new Map<number, number>();
  const sessions: SessionRow[] = [];
  for (const [number, facts] of groupBy(placed, ({ session }) => session)) {
    const first = facts[0]?.fact;
    const seq = first && seqOf.get(first);
    if (number === null || first === undefined || seq === undefined) continue;
    nameOf.set(number, seq);
    const last = facts.findLast(({ fact }) => fact.kind === "event")?.fact ?? first;
    sessions.push({
      session: seq,
      visitor,
      started_at: first.at,
      ended_at: last.at,
      events: facts.length,
    });
  }
  return { nameOf, rows: sessions };
}

/** Writes what differs from the stored sessions of the visitors. */
export async function sessionWrites(
  scope: Scope,
  visitors: readonly number[],
  sessions: readonly SessionRow[],
): Promise<Sql[]> {
  const stored = await readSessions(scope, visitors);
  const { sessions: writer } = createWriters(scope);
  const spell = (row: SessionRow): string =>
    JSON.stringify([row.session, row.visitor, row.started_at, row.ended_at, row.events]);
  const before = new Set(stored.map(spell));
  const names = new Set(sessions.map(({ session }) => session));
  return [
    ...writer.remove(
      stored.filter(({ session }) => !names.has(session)).map((row) => ({ ...row })),
    ),
    ...writer.upsert(sessions.filter((row) => !before.has(spell(row))).map((row) => ({ ...row }))),
  ];
}
