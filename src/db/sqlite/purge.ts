import type Database from "better-sqlite3";

/**
 * Writes the file anew without free pages and empties the write-ahead log, so that no byte of a deleted row
 * is left in either.
 *
 * @throws {Error} `SQLITE_BUSY` while another connection reads or writes
 */
export function purgeFile(db: Database.Database): void {
  // In memory the copy would be as large as the database.
  db.pragma("temp_store = FILE");
  try {
    db.exec("VACUUM");
  } finally {
    db.pragma("temp_store = MEMORY");
  }
  const [result] = db.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
  if (result?.busy === 0) return;
  throw Object.assign(new Error("A reader holds the write-ahead log."), { code: "SQLITE_BUSY" });
}
