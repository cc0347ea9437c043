import { fileURLToPath } from "node:url";
import type { Db } from "./db/db.ts";
import { migrate } from "./db/migrate.ts";
import { openSqlite } from "./db/sqlite/adapter.ts";
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
}

/**
 * Opens the data folder, the secrets and the database that the settings name. Nothing is migrated yet.
 *
 * @param threads `false` for a command that does one thing and ends
 * @throws {AppError} `cannot_start` for a folder that cannot be written, `invalid_config` for PostgreSQL
 *                    without a SECRET
 */
export async function openStorage(config: Config, threads = true): Promise<Storage> {
  const folder = await openDataFolder(config.DATA_DIR);
  const keyring = createKeyring(await findSecret(config, folder), config.SECRET_PREVIOUS);
  return { folder, keyring, db: await openDatabase(config, folder, threads) };
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

async function openDatabase(config: Config, folder: DataFolder, threads: boolean): Promise<Db> {
  const url = config.DATABASE_URL;
  if (url !== undefined && isPostgres(config)) {
    // Loaded by whom it serves: a command on SQLite is done before the driver is read.
    return (await import("./db/postgres.ts")).openPostgres({ url });
  }
  return openSqlite({
    file: url === undefined ? folder.database : url.replace(/^file:(\/\/)?/, ""),
    threads,
  });
}

function isPostgres(config: Config): boolean {
  return /^postgres(ql)?:/.test(config.DATABASE_URL ?? "");
}
