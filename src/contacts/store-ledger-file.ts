import { appendFile, readFile } from "node:fs/promises";
import { errorCode } from "../lib/errors.ts";
import type { ErasedKey } from "./privacy/store-ledger.ts";

/**
 * The ledger beside the database, one key a line: a backup from before an erasure does not hold it, and must
 * not bring the contact back.
 */
export interface LedgerFile {
  read(): Promise<ErasedKey[]>;
  append(keys: readonly ErasedKey[]): Promise<void>;
}

/** @param file made by the first erasure */
export function createLedgerFile(file: string): LedgerFile {
  return {
    async read() {
      const text = await readFile(file, "utf8").catch((error: unknown) => {
        if (errorCode(error) !== "ENOENT") throw error;
        return "";
      });
      return text.split("\n").flatMap(parseLine);
    },
    async append(keys) {
      if (keys.length === 0) return;
      const text = keys.map((key) => `${JSON.stringify(key)}\n`).join("");
      await appendFile(file, text, { mode: 0o600, flush: true });
    },
  };
}

/** A line that a crash cut off was never relied on. */
function parseLine(line: string): ErasedKey[] {
  try {
    return line === "" ? [] : [JSON.parse(line)];
  } catch {
    return [];
  }
}
