import {
  type Connection,
  createHealingConnection,
  openConnection,
  toBindings,
} from "./connection.ts";
import type { ConnectionOptions, ReadRequest, ReadResult, RequestHandler } from "./protocol.ts";

/** Runs reads on a connection that cannot write. Blocks its thread while it works. */
export function createReader(options: ConnectionOptions): RequestHandler<ReadRequest, ReadResult> {
  const connection = createHealingConnection(options.file, () =>
    openConnection(options, { readonly: true, create: false }),
  );
  return {
    handle: (request) => connection.use((opened) => read(opened, request)),
    sqlOf: ({ statement }) => statement.sql,
    close: () => connection.close(),
  };
}

function read(opened: Connection, { statement, firstOnly }: ReadRequest): ReadResult {
  const prepared = opened.prepare(statement.sql);
  if (!prepared.reader || !prepared.readonly) throw new Error("A read may not write");
  prepared.raw(true);
  const values = toBindings(statement.values);
  const rows = firstOnly ? firstRow(prepared.get(...values)) : prepared.all(...values).map(asRow);
  // After the read: a changed schema gives the statement other columns only when it runs.
  return { columns: prepared.columns().map(({ name }) => name), rows };
}

function firstRow(row: unknown): unknown[][] {
  return row === undefined ? [] : [asRow(row)];
}

function asRow(row: unknown): unknown[] {
  if (Array.isArray(row)) return row;
  throw new Error("Expected a row as an array");
}
