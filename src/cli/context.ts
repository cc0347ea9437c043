import { type Access, createAccess } from "../access/access.ts";
import { type Clock, createClock } from "../lib/clock.ts";
import { type Config, loadConfig, publicUrl } from "../lib/config.ts";
import { createId } from "../lib/ids.ts";
import { migrateStorage, openStorage, type Storage } from "../storage.ts";

/** What a command works with: the settings, the opened storage, and the keys and users in it. */
export interface CommandContext {
  readonly config: Config;
  readonly now: Clock;
  readonly storage: Storage;
  readonly access: Access;
}

/**
 * Runs a command on the storage that the environment names, beside a running server or without one.
 * The database is migrated first: a command may be the first thing that ever runs.
 */
export async function withContext<T>(work: (context: CommandContext) => Promise<T>): Promise<T> {
  const config = loadConfig(process.env);
  const now = createClock(config.CLOCK_OFFSET_FILE);
  const storage = await openStorage(config);
  try {
    await migrateStorage(storage, now);
    const access = createCommandAccess(config, now, storage);
    await access.start();
    try {
      return await work({ config, now, storage, access });
    } finally {
      access.stop();
    }
  } finally {
    await storage.db.close();
  }
}

function createCommandAccess(config: Config, now: Clock, { db, keyring }: Storage): Access {
  return createAccess({
    db,
    now,
    createId: () => createId(now()),
    keyring,
    baseUrl: publicUrl(config),
    environmentKeys: { apiKey: config.API_KEY, writeKey: config.WRITE_KEY },
    onError(error) {
      throw error;
    },
  });
}
