import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflateRaw, inflate as zlibInflate } from "node:zlib";
import { AppError, errorCode } from "../lib/errors.ts";
import {
  damagedBody,
  encodingOf,
  type JoinChunks,
  readBody,
  unsupportedEncoding,
} from "../lib/read-body.ts";
import { MAX_BATCH_BYTES } from "./limits.ts";

const OPTIONS = { maxOutputLength: MAX_BATCH_BYTES };
const inflateGzip = promisify(gunzip);
const inflateZlib = promisify(zlibInflate);
const inflateBare = promisify(inflateRaw);
const inflateBrotli = promisify(brotliDecompress);

const KNOWN = new Set(["identity", "gzip", "x-gzip", "deflate", "br"]);

/**
 * Reads the body of a collection request, inflated, whatever its headers say.
 *
 * RudderStack's Node client sends gzipped JSON as `application/x-www-form-urlencoded`, beacons come as
 * `text/plain`, PostHog gzips without a `Content-Encoding`, proxies inflate and leave the header: the bytes
 * decide.
 *
 * @param join gives the body its place, as long as it is not compressed
 * @throws {AppError} `body_too_large` (413), `unsupported_encoding` (415), `invalid_body` (400)
 */
export async function readCollectBody(req: IncomingMessage, join?: JoinChunks): Promise<Buffer> {
  const bytes = await readBody(req, {
    limit: MAX_BATCH_BYTES,
    what: "The batch",
    inflate: false,
    join,
  });
  const encodings = encodingOf(req).split(/\s*,\s*/);
  const unknown = encodings.find((encoding) => !KNOWN.has(encoding));
  if (unknown !== undefined) throw unsupportedEncoding(unknown);
  if (startsLikeJson(bytes)) return bytes;
  const inflated = await inflate(bytes, inflaterOf(bytes, encodings));
  // A client and its proxy may both have compressed it.
  const again = markedInflater(inflated);
  return again ? inflate(inflated, again) : inflated;
}

async function inflate(bytes: Buffer, { run, isGuess }: Inflater): Promise<Buffer> {
  try {
    return await run(bytes, OPTIONS);
  } catch (error) {
    if (errorCode(error) === "ERR_BUFFER_TOO_LARGE") {
      throw new AppError("body_too_large", 413, "The batch is over 4 MB after inflation.", {
        hint: "Send smaller batches.",
      });
    }
    // Then it is no JSON, which is told of it.
    if (isGuess) return bytes;
    throw damagedBody(error);
  }
}

interface Inflater {
  run(bytes: Buffer, options: typeof OPTIONS): Promise<Buffer>;
  /** Whether nothing says that the bytes are of this kind. */
  readonly isGuess: boolean;
}

/** Brotli and bare deflate have no mark of their own: they are tried where nothing else fits. */
function inflaterOf(bytes: Buffer, encodings: readonly string[]): Inflater {
  const marked = markedInflater(bytes);
  if (marked) return marked;
  if (encodings.includes("deflate")) return { run: inflateBare, isGuess: false };
  return { run: inflateBrotli, isGuess: encodings.every((one) => one === "identity") };
}

function markedInflater([first = 0, second = 0]: Buffer): Inflater | undefined {
  if (first === 0x1f && second === 0x8b) return { run: inflateGzip, isGuess: false };
  // RFC 1950: method 8, and the two bytes are a multiple of 31.
  const isZlib = first === 0x78 && (first * 256 + second) % 31 === 0;
  return isZlib ? { run: inflateZlib, isGuess: false } : undefined;
}

function startsLikeJson(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 16).toString("latin1");
  return /^(\xEF\xBB\xBF)?\s*([[{"]|$)/.test(start);
}
