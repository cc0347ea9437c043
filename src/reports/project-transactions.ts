import type { BatchStatement, Engine, Sql } from "../db/db.ts";
import { jsonRows, sql } from "../db/sql.ts";
import type { StoredEvent } from "../log/event.ts";
import type { Projection, TableName } from "../log/projection.ts";
import { transactionOf } from "../log/transaction.ts";

/** The projection that finds the sales of one transaction id, so that its revenue is counted once (`repeats.ts`). */
export function createTransactionsProjection(engine: Engine): Projection {
  return {
    name: "transactions",
    version: 1,
    tables: ["transactions"],
    create: createTables,
    async handle({ events, table }) {
      const sales = events.flatMap(toSale);
      return sales.length === 0 ? [] : [insertSales(engine, table, JSON.stringify(sales))];
    },
  };
}

function toSale(event: StoredEvent) {
  const transaction_id = transactionOf(event);
  const { workspace_id, seq, occurred_at, event_id, source_id, value_minor, currency } = event;
  if (transaction_id === null || value_minor === null) return [];
  return [
    { workspace_id, seq, transaction_id, occurred_at, event_id, source_id, value_minor, currency },
  ];
}

function createTables(table: TableName): readonly Sql[] {
  return [
    sql`
      CREATE TABLE ${table("transactions")} (
        workspace_id   BIGINT NOT NULL,
        seq            BIGINT NOT NULL,
        transaction_id TEXT   NOT NULL,
        occurred_at    BIGINT NOT NULL,
        event_id       TEXT   NOT NULL,
        source_id      TEXT   NOT NULL,
        value_minor    BIGINT NOT NULL,
        currency       TEXT   NOT NULL,
        PRIMARY KEY (workspace_id, seq)
      )`,
    sql`
      CREATE INDEX ${table("transactions_id")}
      ON ${table("transactions")} (workspace_id, transaction_id, occurred_at)`,
  ];
}

function insertSales(engine: Engine, table: TableName, json: string): BatchStatement {
  return sql`
    INSERT INTO ${table("transactions")} (
      workspace_id, seq, transaction_id, occurred_at, event_id, source_id, value_minor, currency)
    SELECT CAST(r.value ->> 'workspace_id' AS BIGINT), CAST(r.value ->> 'seq' AS BIGINT),
      r.value ->> 'transaction_id', CAST(r.value ->> 'occurred_at' AS BIGINT), r.value ->> 'event_id',
      r.value ->> 'source_id', CAST(r.value ->> 'value_minor' AS BIGINT), r.value ->> 'currency'
    FROM ${jsonRows(engine, json)}
    WHERE TRUE
    ON CONFLICT (workspace_id, seq) DO NOTHING`;
}
