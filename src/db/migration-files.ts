import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Engine } from "./db.ts";

/** One migration of one engine. */
export interface Migration {
  readonly number: number;
  /** `0001_log`, whichever file it came from. */
  readonly name: string;
  /** SHA-256 of the script in hex, line endings made equal. */
  readonly checksum: string;
  readonly script: string;
}

const FILE = /^(?<name>(?<number>\d{4})_[a-z0-9_]+)(?:\.(?<engine>sqlite|postgres))?\.sql$/;

/**
 * Reads a folder of `NNNN_name.sql` (both engines) and `NNNN_name.<engine>.sql`, in order.
 *
 * @throws {Error} on a file name that is neither, and on a number that occurs twice
 */
export function readMigrations(folder: string, engine: Engine): Migration[] {
  const migrations = readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .flatMap((file) => readMigration(folder, file, engine))
    .sort((a, b) => a.number - b.number);
  for (const [index, { number, name }] of migrations.entries()) {
    const before = migrations[index - 1];
    if (before?.number === number) {
      throw new Error(`Two migrations have the number of ${name}: ${before.name} is the other.`);
    }
  }
  return migrations;
}

function readMigration(folder: string, file: string, engine: Engine): Migration[] {
  const { name, number, engine: only } = FILE.exec(file)?.groups ?? {};
  if (name === undefined) throw new Error(`Not the name of a migration: ${file}`);
  if (only !== undefined && only !== engine) return [];
  const script = readFileSync(path.join(folder, file), "utf8").replaceAll("\r\n", "\n");
  const checksum = createHash("sha256").update(script).digest("hex");
  return [{ number: Number(number), name, checksum, script }];
}
