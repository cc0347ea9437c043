import { constants, existsSync } from "node:fs";
import { access, mkdir, open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { AppError, errorCode } from "./errors.ts";
import { createSecret } from "./ids.ts";

/** The folder that holds everything this node keeps on disk. */
export interface DataFolder {
  readonly path: string;
  readonly journal: string;
  readonly database: string;
  /** The ledger of erasures, beside the database: a restore must not bring anybody back. */
  readonly erasures: string;
  /** Copies of small tables, for a start while the database is away. */
  readonly kept: string;
  /** The secret kept here, made on first use (mode 0600). */
  readSecret(): Promise<string>;
  /** Earlier secrets kept here, newest first. */
  readPreviousSecrets(): Promise<string[]>;
  /** Makes a new secret; the present one goes before the earlier ones. In force from the next start. */
  rotateSecret(): Promise<void>;
  /** A name for this node that survives restarts: whose segments are whose. */
  readNodeId(): Promise<string>;
  /** Whether a server ran on it before (it has a node id then), but this file is not there any more. */
  hasLost(file: string): boolean;
}

/**
 * Opens the data folder, creating it when missing.
 *
 * @throws {AppError} `cannot_start` naming the folder and the setting when it cannot be written
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const root = path.resolve(folder);
  try {
    await mkdir(root, { recursive: true });
    await access(root, constants.W_OK | constants.X_OK);
    await probe(root);
  } catch (error) {
    throw notWritable(root, error);
  }
  return {
    path: root,
    journal: path.join(root, "journal"),
    database: path.join(root, "clicktrail.db"),
    erasures: path.join(root, "erasures.ndjson"),
    kept: path.join(root, "kept"),
    readSecret: () => readOrCreate(path.join(root, SECRET), createSigningSecret),
    readPreviousSecrets: () => readLines(path.join(root, PREVIOUS)),
    rotateSecret: () => rotate(root),
    readNodeId: () => readOrCreate(path.join(root, "node-id"), () => createSecret(12)),
    hasLost: (file) => existsSync(path.join(root, "node-id")) && !existsSync(file),
  };
}

const SECRET = "secret";
const PREVIOUS = "secret-previous";

function createSigningSecret(): string {
  return createSecret(48);
}

/** The old secret is kept as an earlier one before the new one replaces it: a crash loses neither. */
async function rotate(root: string): Promise<void> {
  const present = await readOrCreate(path.join(root, SECRET), createSigningSecret);
  const earlier = await readLines(path.join(root, PREVIOUS));
  const kept = [present, ...earlier.filter((secret) => secret !== present)];
  await replace(path.join(root, PREVIOUS), kept.join("\n"));
  await replace(path.join(root, SECRET), createSigningSecret());
}

async function readLines(file: string): Promise<string[]> {
  const text = (await readFile(file, "utf8").catch(ignoreMissing)) ?? "";
  return text.split("\n").filter((line) => line.trim() !== "");
}

async function replace(file: string, text: string): Promise<void> {
  await writeDurably(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", 0o600);
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Permission bits do not bind root, and a file system can be read-only: only a write tells. */
async function probe(root: string): Promise<void> {
  const file = await open(path.join(root, ".writable"), "w");
  await file.close();
}

async function readOrCreate(file: string, create: () => string): Promise<string> {
  const known = await readFile(file, "utf8").catch(ignoreMissing);
  if (known !== undefined && known.trim() !== "") return known.trim();
  const made = create();
  await writeDurably(file, made);
  return made;
}

function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
  return undefined;
}

function notWritable(root: string, error: unknown): AppError {
  const reason = errorCode(error) ?? "unknown reason";
  return new AppError(
    "cannot_start",
    500,
    `The data folder ${root} cannot be written (${reason}).`,
    {
      hint: "Make it writable for this user, or name another folder in DATA_DIR.",
      cause: error,
    },
  );
}
