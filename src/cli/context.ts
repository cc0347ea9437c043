import { type Access, createAccess } from "../access/access.ts";
import { DEFAULT_WORKSPACE_ID } from "../access/directory.ts";
import { sql } from "../db/sql.ts";
import { publicUrl } from "../lib/config.ts";
import { AppError } from "../lib/errors.ts";
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

/** The option of every command that works in one workspace. */
export interface WorkspaceOption {
  readonly workspace?: string | undefined;
}

/**
 * The workspace that `--workspace` names: by id, slug or name; the default one where it was not given.
 *
 * @throws {AppError} `not_found` or `invalid_query`, and says which ones there are
 */
export async function workspaceOf(
  { access }: CommandContext,
  { workspace }: WorkspaceOption,
): Promise<number> {
  return workspace === undefined ? DEFAULT_WORKSPACE_ID : access.findWorkspace(workspace);
}

/**
 * For commands that read what the projections made.
 *
 * @throws {AppError} `not_ready` where the service never ran on this database
 */
export async function requireProjections({ db }: StorageContext["storage"]): Promise<void> {
  const row = await db.get<{ live: number }>(
    sql`SELECT COUNT(*) AS live FROM projections WHERE state = 'live'`,
  );
  if (row && row.live > 0) return;
  throw new AppError("not_ready", 503, "The service has never run on this database.", {
    hint: "Check DATA_DIR and DATABASE_URL, or start it once with `clicktrail serve`.",
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
