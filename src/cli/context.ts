import { type Access, createAccess } from "../access/access.ts";
import { publicUrl } from "../lib/config.ts";
import { createId } from "../lib/ids.ts";
import { type StorageContext, withStorage } from "./with-storage.ts";

/** What a command about keys and people works with. */
export interface CommandContext extends StorageContext {
  readonly access: Access;
}

/** As `withStorage`, with the keys and users in it. */
export async function withContext<T>(work: (context: CommandContext) => Promise<T>): Promise<T> {
  return withStorage(async (context) => {
    const access = createCommandAccess(context);
    await access.start();
    try {
      return await work({ ...context, access });
    } finally {
      access.stop();
    }
  });
}

function createCommandAccess({ config, now, storage: { db, keyring } }: StorageContext): Access {
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
