import { type Clock, createClock } from "../lib/clock.ts";
import { type Config, loadConfig } from "../lib/config.ts";
import { migrateStorage, openStorage, type Storage } from "../storage.ts";

/** What every command that touches data works with. */
export interface StorageContext {
  readonly config: Config;
  readonly now: Clock;
  readonly storage: Storage;
}

/**
 * Runs a command on the storage that the environment names, beside a running server or without one.
 * The database is migrated first: a command may be the first thing that ever runs.
 */
export async function withStorage<T>(work: (context: StorageContext) => Promise<T>): Promise<T> {
  const config = loadConfig(process.env);
  const now = createClock(config.CLOCK_OFFSET_FILE);
  const storage = await openStorage(config, { threads: false });
  try {
    await migrateStorage(storage, now);
    return await work({ config, now, storage });
  } finally {
    await storage.db.close();
  }
}
