import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  type FileHandle,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  truncate,
} from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { AppError, errorCode } from "../lib/errors.ts";

/** How far an import is: of a row everything or nothing is done. */
export interface ImportState {
  readonly rows: number;
  readonly added: number;
  readonly repeated: number;
  /** Of erased contacts, or without consent. */
  readonly withheld: number;
  readonly refused: number;
  /** Bytes of the file of refused rows. */
  readonly refusedBytes: number;
}

const NOTHING_DONE: ImportState = {
  rows: 0,
  added: 0,
  repeated: 0,
  withheld: 0,
  refused: 0,
  refusedBytes: 0,
};

/** The file, and how many bytes it has (0: nobody knows). @throws {AppError} `not_found` */
export async function openInput(file: string): Promise<{ input: Readable; bytes: number }> {
  if (file === "-") return { input: process.stdin, bytes: 0 };
  try {
    const { size } = await stat(file);
    return { input: createReadStream(file), bytes: size };
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    throw new AppError("not_found", 404, `There is no file ${file}.`);
  }
}

/** Where an import is remembered until it is done; undefined for standard input, which cannot be read again. */
export async function stateFileOf(
  folder: string,
  file: string,
  settings: unknown,
): Promise<string | undefined> {
  if (file === "-") return undefined;
  const { size, mtimeMs } = await stat(file);
  const key = JSON.stringify([path.resolve(file), size, mtimeMs, settings]);
  const name = createHash("sha256").update(key).digest("hex").slice(0, 24);
  await mkdir(path.join(folder, "imports"), { recursive: true });
  return path.join(folder, "imports", `${name}.json`);
}

export async function readState(stateFile: string | undefined): Promise<ImportState> {
  if (stateFile === undefined) return NOTHING_DONE;
  try {
    return { ...NOTHING_DONE, ...JSON.parse(await readFile(stateFile, "utf8")) };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return NOTHING_DONE;
    throw error;
  }
}

export async function writeState(stateFile: string | undefined, state: ImportState): Promise<void> {
  if (stateFile === undefined) return;
  // Renamed: a kill in the middle leaves the state before it.
  await writeWhole(`${stateFile}.new`, JSON.stringify(state));
  await rename(`${stateFile}.new`, stateFile);
}

export async function forgetState(stateFile: string | undefined): Promise<void> {
  if (stateFile !== undefined) await rm(stateFile, { force: true });
}

async function writeWhole(file: string, text: string): Promise<void> {
  const handle = await open(file, "w");
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Refused rows, one JSON object a line; made when the first comes. */
export interface RefusedRows {
  readonly path: string;
  /** Resolves to the bytes that the file then has. */
  append(rows: readonly object[]): Promise<number>;
  close(): Promise<void>;
}

/** @param bytes what an earlier run finished; what it wrote behind that is written again */
export async function openRefusedRows(file: string, bytes: number): Promise<RefusedRows> {
  if (bytes > 0) await truncate(file, bytes);
  let handle: FileHandle | undefined;
  let size = bytes;
  return {
    path: file,
    async append(rows) {
      if (rows.length === 0) return size;
      handle ??= await open(file, size === 0 ? "w" : "a");
      const text = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      await handle.write(text);
      size += text.length;
      return size;
    },
    async close() {
      await handle?.close();
    },
  };
}
