// Loaded before a program (`node --import`), and before each of its threads: kills the whole process with
// SIGKILL when the n-th statement has run on a thread, n from KILL_AT. The program knows nothing of it.
import Database from "better-sqlite3";
import pg from "pg";

const killAt = Number(process.env["KILL_AT"]);
let statements = 0;

function countStatement() {
  statements += 1;
  if (statements === killAt) process.kill(process.pid, "SIGKILL");
}

const probe = new Database(":memory:");
const sqlite = Object.getPrototypeOf(probe.prepare("SELECT 1"));
probe.close();
const { run } = sqlite;
sqlite.run = function runAndCount(...values) {
  const result = run.apply(this, values);
  countStatement();
  return result;
};

const { query } = pg.Client.prototype;
pg.Client.prototype.query = function queryAndCount(...parameters) {
  const result = query.apply(this, parameters);
  if (typeof result?.then !== "function") return result;
  return result.then((rows) => {
    countStatement();
    return rows;
  });
};
