import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, stat, unlink } from "node:fs/promises";
import path from "node:path";
import { SEGMENT_HEADER } from "./segment.ts";

const { O_APPEND, O_CREAT, O_DSYNC, O_EXCL, O_WRONLY } = constants;
const SUFFIX = ".seg";

/** A segment file of the journal. */
export interface SegmentInfo {
  readonly name: string;
  readonly path: string;
  /** Durable bytes, header included. */
  readonly bytes: number;
  /** Whether nothing will be added to it any more. */
  readonly sealed: boolean;
}

/** The segment files of one node's journal. */
export interface SegmentFiles {
  /** Appends and waits for the disk (O_DSYNC). After a rejection nothing of `frame` is in the segment. */
  write(frame: Buffer, segmentBytes: number): Promise<void>;
  segments(): readonly SegmentInfo[];
  /** Has the next write begin a new segment. */
  turnOver(): void;
  release(name: string, importedBytes: number): Promise<void>;
  unimportedBytes(): number;
  close(): Promise<void>;
}

interface Segment {
  readonly name: string;
  readonly path: string;
  bytes: number;
  imported: number;
  sealed: boolean;
}

/** Lists what an earlier run left in the folder; the first write begins a new segment. */
export async function createSegmentFiles(
  folder: string,
  createId: () => string,
): Promise<SegmentFiles> {
  await mkdir(folder, { recursive: true });
  const known = await leftovers(folder);
  let active: { segment: Segment; file: FileHandle } | undefined;
  let isTurning = false;

  async function begin(): Promise<{ segment: Segment; file: FileHandle }> {
    const name = nextName(known, createId());
    const file = await open(
      path.join(folder, name),
      O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_DSYNC,
      0o600,
    );
    const segment = { name, path: path.join(folder, name), bytes: 0, imported: 0, sealed: false };
    try {
      await writeWhole(file, SEGMENT_HEADER);
      await syncFolder(folder);
    } catch (error) {
      await file.close();
      await unlink(segment.path).catch(() => {});
      throw error;
    }
    segment.bytes = SEGMENT_HEADER.length;
    segment.imported = SEGMENT_HEADER.length;
    known.push(segment);
    return { segment, file };
  }

  async function write(frame: Buffer, segmentBytes: number): Promise<void> {
    if (active && (isTurning || active.segment.bytes >= segmentBytes)) await seal();
    isTurning = false;
    active ??= await begin();
    const { segment, file } = active;
    try {
      await writeWhole(file, frame);
    } catch (error) {
      // What a failed write left behind is unknown: cut it off, and trust only a new file.
      await file.truncate(segment.bytes).catch(() => {});
      await seal();
      throw error;
    }
    segment.bytes += frame.length;
  }

  async function seal(): Promise<void> {
    if (!active) return;
    const { segment, file } = active;
    active = undefined;
    segment.sealed = true;
    await file.close();
    await removeIfDone(segment);
  }

  async function release(name: string, importedBytes: number): Promise<void> {
    const segment = known.find((candidate) => candidate.name === name);
    if (!segment) return;
    segment.imported = Math.max(segment.imported, importedBytes);
    await removeIfDone(segment);
  }

  async function removeIfDone(segment: Segment): Promise<void> {
    if (!segment.sealed || segment.imported < segment.bytes) return;
    known.splice(known.indexOf(segment), 1);
    await unlink(segment.path).catch(ignoreMissing);
  }

  return {
    write,
    segments: () => known,
    turnOver() {
      isTurning = true;
    },
    release,
    unimportedBytes: () => known.reduce((sum, { bytes, imported }) => sum + bytes - imported, 0),
    close: seal,
  };
}

async function leftovers(folder: string): Promise<Segment[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX)).sort();
  return Promise.all(
    names.map(async (name) => {
      const { size } = await stat(path.join(folder, name));
      return { name, path: path.join(folder, name), bytes: size, imported: 0, sealed: true };
    }),
  );
}

/** A number that sorts, then an id: a name never comes again, or old offsets would skip a new file. */
function nextName(known: readonly Segment[], id: string): string {
  const last = Number.parseInt(known.at(-1)?.name ?? "0", 10);
  return `${String(last + 1).padStart(10, "0")}-${id}${SUFFIX}`;
}

async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, null);
    written += bytesWritten;
  }
}

/** A new file survives a power cut only when its folder's entry does. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
