import { open } from "node:fs/promises";
import type { SegmentInfo } from "./journal-files.ts";
import { decodeFrames, type Frame } from "./segment.ts";

/** Bytes read from a segment at once; doubled when a frame is larger. */
const READ_BYTES = 4e6;
/** Bytes of facts in one transaction: about 5 ms of the writer's time. */
const SLICE_BYTES = 500_000;

const OPENING = Buffer.from("[");
const COMMA = Buffer.from(",");
const CLOSING = Buffer.from("]");

/** Part of a segment, read for the import. */
interface Piece {
  /** In their order; each is put together when it is asked for. */
  readonly slices: Iterable<Slice>;
  /** Offset behind the piece: behind its last frame, or the segment's end when nothing more can follow. */
  readonly end: number;
  readonly damagedBytes: number;
}

/** Facts for one transaction. */
export interface Slice {
  /** A JSON array in UTF-8. */
  readonly json: Buffer;
  readonly records: number;
  /** Offset in the segment just behind them. */
  readonly end: number;
}

/** Reads the next piece of a segment; it holds a frame at least, unless none is whole yet. */
export async function readPiece(segment: SegmentInfo, from: number): Promise<Piece> {
  for (let size = READ_BYTES; ; size *= 2) {
    const to = Math.min(segment.bytes, from + size);
    const bytes = await readRange(segment.path, from, to);
    const complete = segment.sealed && to === segment.bytes;
    const { frames, damagedBytes } = decodeFrames(bytes, from, complete);
    const end = complete ? to : (frames.at(-1)?.end ?? from);
    if (end > from || to === segment.bytes) return { slices: slice(frames), end, damagedBytes };
  }
}

async function readRange(file: string, from: number, to: number): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const buffer = Buffer.allocUnsafe(to - from);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function* slice(frames: readonly Frame[]): Generator<Slice> {
  let group: Frame[] = [];
  let bytes = 0;
  for (const frame of frames) {
    if (group.length > 0 && bytes + frame.payload.length > SLICE_BYTES) {
      yield toSlice(group);
      group = [];
      bytes = 0;
    }
    group.push(frame);
    bytes += frame.payload.length;
  }
  if (group.length > 0) yield toSlice(group);
}

function toSlice(frames: readonly Frame[]): Slice {
  return {
    json: toJsonArray(frames),
    records: frames.reduce((sum, { records }) => sum + records, 0),
    end: frames.at(-1)?.end ?? 0,
  };
}

/** Bytes all the way: on SQLite only the writer thread reads them as text. */
function toJsonArray(frames: readonly Frame[]): Buffer {
  const pieces = frames
    .filter((frame) => frame.records > 0)
    .flatMap(({ payload }, index) => [index === 0 ? OPENING : COMMA, payload]);
  return Buffer.concat([...(pieces.length > 0 ? pieces : [OPENING]), CLOSING]);
}
