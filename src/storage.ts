import { fileURLToPath } from "node:url";
import type { Db } from "./db/db.ts";
import { migrate } from "./db/migrate.ts";
import { openSqlite } from "./db/sqlite/adapter.ts";
import { walBytes } from "./db/sqlite/wal.ts";
import type { Config } from "./lib/config.ts";
import { type DataFolder, openDataFolder } from "./lib/data-folder.ts";
import { AppError } from "./lib/errors.ts";
import { createKeyring, type Keyring } from "./lib/keyring.ts";

/** The folder of the migrations, beside `src` and `dist` alike. */
export const MIGRATIONS_FOLDER: string = fileURLToPath(new URL("../migrations", import.meta.url));

/** What every command that touches data begins with. */
export interface Storage {
  readonly folder: DataFolder;
  readonly keyring: Keyring;
  readonly db: Db;
  /** The folder was used before, but its SQLite file is gone: an empty one takes its place. */
  readonly isDatabaseLost: boolean;
  /** Length of SQLite's write-ahead log, in bytes; 0 with PostgreSQL. */
  walBytes(): number;
}

/** How the database is worked with. */
interface StorageOptions {
  /** `false` for a command that does one thing and ends. */
  readonly threads?: boolean;
  /** Longest run of one read, in milliseconds; the database's own unless told. */
  readonly readTimeoutMs?: number;
}

/**
 * Opens the data folder, the secrets and the database that the settings name. Nothing is migrated yet.
 *
 * @throws {AppError} `cannot_start` for a folder that cannot be written, `invalid_config` for PostgreSQL
 *                    without a SECRET
 */
export async function openStorage(config: Config, options: StorageOptions = {}): Promise<Storage> {
  const folder = await openDataFolder(config.DATA_DIR);
  const previous = [...config.SECRET_PREVIOUS, ...(await folder.readPreviousSecrets())];
  const keyring = createKeyring(await findSecret(config, folder), previous);
  const file = sqliteFile(config, folder);
  return {
    folder,
    keyring,
    walBytes: () => (file === undefined ? 0 : walBytes(file)),
    isDatabaseLost: file !== undefined && folder.hasLost(file),
    db: file === undefined ? await connect(config, options) : openSqlite({ file, ...options }),
  };
}

/** Brings the database to this release's schema; safe beside other nodes that start. */
export async function migrateStorage({ db }: Storage, now: () => number): Promise<string[]> {
  const { applied } = await migrate(db, MIGRATIONS_FOLDER, now);
  return applied;
}

async function findSecret(config: Config, folder: DataFolder): Promise<string> {
  if (config.SECRET !== undefined) return config.SECRET;
  if (isPostgres(config)) {
    throw new AppError("invalid_config", 500, "With PostgreSQL every node needs the same SECRET.", {
      hint: "Set SECRET (or SECRET_FILE) to at least 16 characters, the same on every node.",
    });
  }
  return folder.readSecret();
}

/** Loaded by whom it serves: a command on SQLite is done before the driver is read. */
async function connect(
  { DATABASE_URL: url = "" }: Config,
  limits: Pick<StorageOptions, "readTimeoutMs">,
): Promise<Db> {
  return (await import("./db/postgres.ts")).openPostgres({ url, ...limits });
}

/** Undefined with PostgreSQL. */
function sqliteFile(config: Config, folder: DataFolder): string | undefined {
  if (isPostgres(config)) return undefined;
  return config.DATABASE_URL?.replace(/^file:(\/\/)?/, "") ?? folder.database;
}

function isPostgres(config: Config): boolean {
  return /^postgres(ql)?:/.test(config.DATABASE_URL ?? "");
}
