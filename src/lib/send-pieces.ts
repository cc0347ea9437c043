import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { errorCode } from "./errors.ts";

/**
 * Sends a text that is made piece by piece, as fast as the reader takes it.
 *
 * What fails before the first piece is thrown, so that it can be answered. Later the connection is cut: half a
 * text must not look whole. A reader who leaves is no error.
 */
export async function sendPieces(
  res: ServerResponse,
  pieces: AsyncGenerator<string>,
): Promise<void> {
  const first = await pieces.next();
  if (first.done) {
    res.end();
    return;
  }
  try {
    await pipeline(Readable.from(putBack(first.value, pieces)), res);
  } catch (error) {
    if (errorCode(error) !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

async function* putBack(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}
