// Preloaded into the service: while the file PAGE_CAP_FILE exists, no connection of this thread may let its
// database grow. SQLite keeps max_page_count for each connection, so no other process can set it.
const { existsSync } = require("node:fs");
const Database = require("better-sqlite3");

const UNLIMITED = 4_294_967_294;
const opened = new Set();
const { pragma } = Database.prototype;

Database.prototype.pragma = function (source, options) {
  opened.add(this);
  return pragma.call(this, source, options);
};

setInterval(() => {
  const isCapped = existsSync(process.env.PAGE_CAP_FILE);
  for (const db of opened) {
    if (!db.open) opened.delete(db);
    else pragma.call(db, `max_page_count = ${isCapped ? 1 : UNLIMITED}`);
  }
}, 20).unref();
