import Database from "better-sqlite3";

/** Rows of one transaction. */
const SLICE = 50_000;

/** How many rows the log holds now, and how long they took. */
export interface FilledLog {
  readonly rows: number;
  readonly seconds: number;
}

/**
 * Fills the log of a stopped service with site events of a year, some 500 bytes each, and has every projection
 * believe that it has read them.
 *
 * @param rows     wanted
 * @param secondsAtMost after which it stops, with fewer
 */
export function fillLog(file: string, rows: number, secondsAtMost: number): FilledLog {
  const db = new Database(file);
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  db.pragma("synchronous = OFF");
  const insert = db.prepare(INSERT);
  let filled = 0;
  while (filled < rows && seconds() < secondsAtMost) {
    const count = Math.min(SLICE, rows - filled);
    insert.run({ from: filled, count, now: Date.now() });
    filled += count;
  }
  db.exec("UPDATE projections SET cursor_seq = (SELECT MAX(seq) FROM events)");
  db.close();
  return { rows: filled, seconds: seconds() };
}

/** Ids that begin with the time, as ours and Segment's do; a visitor has ten events, a tenth bought. */
const INSERT = `
  WITH RECURSIVE row(n) AS (SELECT :from UNION ALL SELECT n + 1 FROM row WHERE n + 1 < :from + :count)
  INSERT INTO events (workspace_id, source_id, event_id, source, type, name, occurred_at, received_at,
    sent_at, anonymous_id, url, value_minor, currency, quality, context, properties)
  SELECT 1, 'bench', printf('fill-%012d', n), 'site', 'track',
    CASE n % 10 WHEN 0 THEN 'purchase' WHEN 5 THEN 'add_to_cart' ELSE 'view_item' END,
    :now - 31536000000 + n * 3, :now - 31536000000 + n * 3, :now - 31536000000 + n * 3,
    printf('visitor-%09d', n / 10), 'https://shop.example/shoes/trail?color=red',
    CASE n % 10 WHEN 0 THEN 8990 END, CASE n % 10 WHEN 0 THEN 'EUR' END, 100,
    '{"page":{"path":"/shoes/trail","title":"Trail running shoe - Shop","url":"https://shop.example/shoes/trail?color=red"},"locale":"en-US"}',
    '{"product_id":"sku-1","name":"Trail running shoe","price":89.9,"currency":"EUR","quantity":1}'
  FROM row`;
