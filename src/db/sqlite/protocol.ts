import type { SqlValue } from "../db.ts";

/** What crosses the thread border. Everything here survives a structured clone. */
export interface WireStatement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** Rows that it must change, or the batch is rolled back. */
  readonly changes?: number;
  readonly bulk?: WireRows;
}

/** A bulk insert: the statement's `sql` is its table. */
export interface WireRows {
  readonly columns: readonly string[];
  /** A JSON array of objects, as text or in UTF-8. */
  readonly rows: string | Uint8Array;
}

export interface ReadRequest {
  readonly statement: WireStatement;
  readonly firstOnly: boolean;
}

/** Column names once, then the rows: a third of the bytes of objects. */
export interface ReadResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export interface WriteRequest {
  readonly statements: readonly WireStatement[];
  /** Instead of statements: leave nothing of deleted rows in the file and its log. */
  readonly purge?: boolean;
}

/** Rows changed, one number a statement. */
export type WriteResult = readonly number[];

export interface ConnectionOptions {
  readonly file: string;
  /** Longest wait of one call for a lock, in milliseconds; the thread is blocked meanwhile. */
  readonly busyTimeoutMs: number;
}

export interface WriterOptions extends ConnectionOptions {
  /** How long a write waits for a lock in all, from its arrival, in milliseconds. */
  readonly lockWaitMs: number;
  /** Caps the file, in pages; a write beyond it is refused as on a full disk. */
  readonly maxPageCount: number | undefined;
  /** Length of the write-ahead log beyond which it is emptied by force, in bytes. */
  readonly forcedWalBytes: number | undefined;
  /** Moves the write-ahead log into the file by itself; else SQLite does it inside commits. */
  readonly checkpoints: boolean;
}

/** What answers requests, in a thread of its own or not. */
export interface RequestHandler<Body, Result> {
  /** Answers one request. `arrivedAt` is in milliseconds of `performance.now()`. */
  handle(body: Body, arrivedAt: number): Result | Promise<Result>;
  /** The SQL text to name when it fails. */
  sqlOf(body: Body): string;
  /** Runs after the last request. */
  close(): void;
}

/** What a thread reports instead of a result. */
export type Failure =
  | { readonly kind: "unavailable"; readonly code: string; readonly message: string }
  | { readonly kind: "stale"; readonly expected: number; readonly changed: number }
  | {
      readonly kind: "statement";
      readonly code: string | undefined;
      readonly message: string;
      readonly sql: string;
    };

export interface Request<Body> {
  readonly id: number;
  readonly body: Body;
}

export type Reply<Result> =
  | { readonly id: number; readonly ok: true; readonly result: Result }
  | { readonly id: number; readonly ok: false; readonly failure: Failure };

/** Sent instead of a request: finish what was accepted, close, end. */
export const CLOSE = "close";
