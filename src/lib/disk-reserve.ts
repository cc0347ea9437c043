import { open, stat, unlink } from "node:fs/promises";
import path from "node:path";
import { readDiskRoom } from "./disk.ts";
import type { Logger } from "./log-lines.ts";

/** Some thousand hits, or what the database needs to move its write-ahead log into the file. */
const RESERVE_BYTES = 8e6;
/** The reserve is taken only where this many times as much is free. */
const ROOM_FACTOR = 4;
/** How often it is tried to take it back. */
const LOOK_MS = 10_000;

/** A file that only takes up room, to be given up when the disk is full. */
export interface DiskReserve {
  /** Takes the room now if there is plenty, and takes it back whenever there is again. */
  start(): Promise<void>;
  /** The disk is full: what is written next has the room of the reserve. Does nothing when it is gone. */
  giveUp(): Promise<void>;
  isHeld(): boolean;
  stop(): void;
}

/**
 * Keeps a reserve in a folder: a full disk must not stop the very work that would free some of it, an import
 * that deletes journal files and a checkpoint that empties the write-ahead log.
 */
export function createDiskReserve(
  folder: string,
  log: Pick<Logger, "error" | "info">,
): DiskReserve {
  const file = path.join(folder, "reserve");
  let isHeld = false;
  let timer: NodeJS.Timeout | undefined;

  async function take(): Promise<void> {
    if (isHeld) return;
    const size = await stat(file).then(
      (found) => found.size,
      () => 0,
    );
    const room = await readDiskRoom(folder);
    if (size < RESERVE_BYTES) {
      if ((room?.free_bytes ?? 0) < ROOM_FACTOR * RESERVE_BYTES) return;
      await write(file);
    }
    isHeld = true;
  }

  return {
    async start() {
      timer = setInterval(() => void take().catch(() => undefined), LOOK_MS);
      timer.unref();
      // Optional work: without room for a reserve, or with a disk that fails, all goes on as before.
      await take().catch(() => undefined);
    },
    async giveUp() {
      if (!isHeld) return;
      isHeld = false;
      await unlink(file).catch(() => undefined);
      log.error(
        `The disk of ${folder} is full. Its reserve of ${RESERVE_BYTES / 1e6} MB was given up: free some space now.`,
      );
    },
    isHeld: () => isHeld,
    stop: () => clearInterval(timer),
  };
}

async function write(file: string): Promise<void> {
  const handle = await open(file, "w", 0o600);
  try {
    await handle.writeFile(Buffer.alloc(RESERVE_BYTES));
    await handle.sync();
  } catch (error) {
    await unlink(file);
    throw error;
  } finally {
    await handle.close();
  }
}
