import { statSync } from "node:fs";

/** Length of a database's write-ahead log, in bytes; 0 when there is none. */
export function walBytes(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
