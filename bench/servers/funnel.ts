import { appendFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import Database from "better-sqlite3";

/** Reads a funnel of three steps over the log until it is stopped, and notes what each took. */
const FUNNEL = `
  SELECT COUNT(viewed_at) AS viewed, COUNT(added_at) AS added, COUNT(bought_at) AS bought
  FROM (
    SELECT MIN(CASE name WHEN 'view_item' THEN occurred_at END) AS viewed_at,
      MIN(CASE name WHEN 'add_to_cart' THEN occurred_at END) AS added_at,
      MAX(CASE name WHEN 'purchase' THEN occurred_at END) AS bought_at
    FROM events
    WHERE workspace_id = 1
    GROUP BY anonymous_id
  )`;

const database = new Database(process.env["BENCH_DATABASE"], { readonly: true });
const funnel = database.prepare(FUNNEL);
console.log("reading");
for (;;) {
  const startedAt = performance.now();
  funnel.get();
  appendFileSync(process.env["BENCH_RESULTS"] ?? "", `${performance.now() - startedAt}\n`);
  await nextTurn();
}
