import { migrationStatus } from "../db/migrate.ts";
import { createClock } from "../lib/clock.ts";
import { loadConfig } from "../lib/config.ts";
import { MIGRATIONS_FOLDER, migrateStorage, openStorage } from "../storage.ts";

/** `clicktrail migrate [--status]`. */
export async function runMigrations({ status = false }: { status?: boolean }): Promise<void> {
  const config = loadConfig(process.env);
  const storage = await openStorage(config);
  try {
    if (status) {
      const { applied, pending } = await migrationStatus(storage.db, MIGRATIONS_FOLDER);
      for (const name of applied) console.log(`applied  ${name}`);
      for (const name of pending) console.log(`pending  ${name}`);
      return;
    }
    const applied = await migrateStorage(storage, createClock(config.CLOCK_OFFSET_FILE));
    for (const name of applied) console.log(`applied  ${name}`);
    if (applied.length === 0) console.log("The database is up to date.");
  } finally {
    await storage.db.close();
  }
}
