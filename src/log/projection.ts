import type { BatchStatement, Db, Sql } from "../db/db.ts";
import type { StoredEvent } from "./event.ts";

/**
 * A later change of something that was already computed for an event (its verdict, its contact):
 * a stage appends it, and every stage behind reads it in order.
 */
export interface Change {
  readonly change_seq: number;
  readonly workspace_id: number;
  /** The projection that changed its mind. */
  readonly stage: string;
  /** The event concerned. */
  readonly seq: number;
}

/** Names a table (or index) of the generation that is being filled: `table("journey")`. */
export type TableName = (name: string) => Sql;

/** Of the workspaces in a batch: each waits for its own reads, and a pool of PostgreSQL has four connections. */
export const WORKSPACES_AT_ONCE = 4;

/** What a handler gets: consecutive events of the log, and the changes its predecessors appended. */
export interface ProjectionBatch {
  readonly events: readonly StoredEvent[];
  readonly changes: readonly Change[];
  readonly table: TableName;
  /** Whether this generation is being filled beside the live one: nobody has seen what it changes its mind on. */
  readonly isFilling?: boolean;
}

/**
 * Something computed from the log, which can be thrown away and computed again.
 *
 * Its tables exist once a generation (`journey_g1`, `journey_g2`); a view under the plain name
 * (`journey`) shows the live one to readers. A raised `version` fills a new generation in slices
 * beside the running one and swaps when it has caught up.
 */
export interface Projection {
  readonly name: string;
  /** Raise it whenever the same events would give other rows. */
  readonly version: number;
  /** Plain names of its tables, each published as a view. */
  readonly tables: readonly string[];
  /** The projection that must have read an event first. */
  readonly after?: string;
  /** Creates this generation's tables and indexes; one SQL text for both engines. */
  create(table: TableName): readonly Sql[];
  /**
   * The write that appends to the changes feed what is different in a filled generation from the one it
   * replaces, committed with the swap: the stages behind have seen the old one. It may name only what every
   * version of the tables has.
   */
  corrections?(from: TableName, to: TableName): Sql;
  /**
   * Computes the writes that follow from a batch. They are committed together with the moved cursor,
   * or not at all; then the same batch comes again. Reads see every earlier batch. One handler at a
   * time runs per generation, on one node. Never keep state between calls: a lost lease would make it lie.
   */
  handle(batch: ProjectionBatch, db: Db): Promise<readonly BatchStatement[]>;
}

/** The write that appends to the changes feed; put it in the batch that makes the change. */
export type AppendChanges = (
  stage: string,
  changes: readonly { workspaceId: number; seq: number }[],
) => BatchStatement;
