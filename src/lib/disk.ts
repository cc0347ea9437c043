import { statfs } from "node:fs/promises";

/** Room on the disk that holds a folder, in bytes. */
export interface DiskRoom {
  readonly free_bytes: number;
  readonly total_bytes: number;
}

/** Asks the file system of a folder; null where it cannot be asked. */
export async function readDiskRoom(folder: string): Promise<DiskRoom | null> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { free_bytes: bavail * bsize, total_bytes: blocks * bsize };
  } catch {
    return null;
  }
}
