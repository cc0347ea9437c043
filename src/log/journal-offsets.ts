import type { BatchStatement, Db } from "../db/db.ts";
import { sql } from "../db/sql.ts";
import { SEGMENT_HEADER } from "./segment.ts";

/** How far each segment of a node's journal is in the log. */
export interface JournalOffsets {
  /** Reads what is stored; of a segment that is not, nothing is in the log. */
  load(): Promise<void>;
  /** Where in the segment the import goes on. */
  of(segment: string): number;
  /** Commits the writes and the offset together, if the stored offset is still the one we know. */
  move(segment: string, end: number, writes: readonly BatchStatement[]): Promise<void>;
  forget(segment: string): Promise<void>;
  /** Forgets the segments that are no more. */
  forgetOthers(left: ReadonlySet<string>): Promise<void>;
}

/** Keeps the offsets of a node beside what its database stores of them. */
export function createJournalOffsets(db: Db, nodeId: string): JournalOffsets {
  const offsets = new Map<string, number>();

  function of(segment: string): number {
    return offsets.get(segment) ?? SEGMENT_HEADER.length;
  }

  async function forget(segment: string): Promise<void> {
    offsets.delete(segment);
    await db.run(sql`
      DELETE FROM journal_offsets WHERE node_id = ${nodeId} AND segment = ${segment}`);
  }

  return {
    async load() {
      const rows = await db.all<{ segment: string; imported_bytes: number }>(
        sql`SELECT segment, imported_bytes FROM journal_offsets WHERE node_id = ${nodeId}`,
      );
      offsets.clear();
      for (const { segment, imported_bytes } of rows) offsets.set(segment, imported_bytes);
    },
    of,
    async move(segment, end, writes) {
      const statement = sql`
        INSERT INTO journal_offsets (node_id, segment, imported_bytes)
        VALUES (${nodeId}, ${segment}, ${end})
        ON CONFLICT (node_id, segment) DO UPDATE SET imported_bytes = excluded.imported_bytes
        WHERE journal_offsets.imported_bytes = ${of(segment)}`;
      await db.batch([...writes, { statement, changes: 1 }]);
      offsets.set(segment, end);
    },
    forget,
    async forgetOthers(left) {
      for (const segment of [...offsets.keys()]) if (!left.has(segment)) await forget(segment);
    },
  };
}
