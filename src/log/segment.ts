import { crc32 } from "node:zlib";
import type { Bytes } from "../lib/bytes.ts";

/** First bytes of every segment file: the format's name and version. */
export const SEGMENT_HEADER: Buffer = Buffer.from("CTSEG01\n", "latin1");

/** First bytes of every frame, so that reading can go on behind a damaged one. */
const FRAME_MAGIC = 0x4354_4652; // "CTFR"
const FRAME_HEADER_BYTES = 16;
const COMMA = 0x2c;
const FIRST_BUFFER_BYTES = 1e6;

/** What one write put on disk: facts as JSON objects joined by commas, without the brackets. */
export interface Frame {
  /** UTF-8 JSON, an array without its brackets. */
  readonly payload: Buffer;
  readonly records: number;
  /** Offset in the segment just behind this frame: where the next read starts. */
  readonly end: number;
}

export interface DecodedFrames {
  readonly frames: readonly Frame[];
  /** Bytes passed over because a frame's checksum did not match, with readable frames behind them. */
  readonly damagedBytes: number;
}

/** Encodes one write; the result is overwritten by the next call. */
export type EncodeFrame = (facts: readonly FactText[], records: number) => Buffer;

/** One fact as JSON, or several joined by commas: text, or UTF-8. */
interface FactText {
  readonly json: string | Bytes;
}

/**
 * Makes an encoder of frames: magic, payload length, record count, CRC-32 of the rest of the header and the
 * payload (each a big-endian uint32), then the facts, joined by commas.
 *
 * Each text is written straight into a buffer that is used again: joining them first takes twice as long.
 */
export function createFrameEncoder(): EncodeFrame {
  let buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
  return (facts, records) => {
    const most = FRAME_HEADER_BYTES + mostBytes(facts);
    if (buffer.length < most) buffer = Buffer.allocUnsafe(most);
    const end = writeFacts(buffer, facts);
    const length = end - FRAME_HEADER_BYTES;
    buffer.writeUInt32BE(FRAME_MAGIC, 0);
    buffer.writeUInt32BE(length, 4);
    buffer.writeUInt32BE(records, 8);
    buffer.writeUInt32BE(checksum(buffer, 0, length), 12);
    return buffer.subarray(0, end);
  };
}

/** At most three bytes a UTF-16 unit, and a comma. */
function mostBytes(facts: readonly FactText[]): number {
  return facts.reduce((sum, { json }) => sum + mostBytesOf(json) + 1, 0);
}

function mostBytesOf(json: string | Bytes): number {
  return typeof json === "string" ? 3 * json.length : json.length;
}

function writeFacts(buffer: Buffer, facts: readonly FactText[]): number {
  let at = FRAME_HEADER_BYTES;
  for (const { json } of facts) {
    if (at > FRAME_HEADER_BYTES) buffer[at++] = COMMA;
    at += typeof json === "string" ? buffer.write(json, at) : json.copy(buffer, at);
  }
  return at;
}

/**
 * Decodes the whole frames in a piece of a segment; what is torn at its end is left for later.
 *
 * @param bytes  a piece of a segment file that begins at a frame
 * @param offset where in the file that piece begins, in bytes
 * @param complete whether the file ends with this piece: then a frame that does not fit is a torn
 *               tail, and one with a wrong checksum before good ones is damage, passed over
 */
export function decodeFrames(bytes: Buffer, offset: number, complete: boolean): DecodedFrames {
  const frames: Frame[] = [];
  let damagedBytes = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = frameLength(bytes, at);
    if (length !== undefined) {
      at += FRAME_HEADER_BYTES + length;
      frames.push(readFrame(bytes, at, length, offset));
      continue;
    }
    const next = complete ? nextFrame(bytes, at + 1) : undefined;
    if (next === undefined) break;
    damagedBytes += next - at;
    at = next;
  }
  return { frames, damagedBytes };
}

/** Payload length of the good frame at `at`; undefined when it is cut off or its checksum is wrong. */
function frameLength(bytes: Buffer, at: number): number | undefined {
  if (at + FRAME_HEADER_BYTES > bytes.length) return undefined;
  if (bytes.readUInt32BE(at) !== FRAME_MAGIC) return undefined;
  const length = bytes.readUInt32BE(at + 4);
  if (at + FRAME_HEADER_BYTES + length > bytes.length) return undefined;
  return bytes.readUInt32BE(at + 12) === checksum(bytes, at, length) ? length : undefined;
}

function readFrame(bytes: Buffer, end: number, length: number, offset: number): Frame {
  const start = end - length;
  return {
    payload: bytes.subarray(start, end),
    records: bytes.readUInt32BE(start - FRAME_HEADER_BYTES + 8),
    end: offset + end,
  };
}

function nextFrame(bytes: Buffer, from: number): number | undefined {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(FRAME_MAGIC);
  let at = bytes.indexOf(magic, from);
  while (at !== -1 && frameLength(bytes, at) === undefined) at = bytes.indexOf(magic, at + 1);
  return at === -1 ? undefined : at;
}

/** Covers length and count too: a flipped length must not make a frame swallow its neighbours. */
function checksum(bytes: Buffer, at: number, length: number): number {
  const header = crc32(bytes.subarray(at + 4, at + 12));
  const start = at + FRAME_HEADER_BYTES;
  return crc32(bytes.subarray(start, start + length), header);
}
