import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { AppError, errorCode } from "../lib/errors.ts";
import { readBody } from "../lib/read-body.ts";
import { MAX_BATCH_BYTES } from "./limits.ts";

const OPTIONS = { maxOutputLength: MAX_BATCH_BYTES };
const inflateGzip = promisify(gunzip);
const inflateZlib = promisify(inflate);
const inflateBrotli = promisify(brotliDecompress);

/**
 * Reads the body of a collection request, inflated, whatever its content type says.
 *
 * RudderStack's Node client sends gzipped JSON as `application/x-www-form-urlencoded`, beacons come as
 * `text/plain`, PostHog gzips without a `Content-Encoding`: the bytes decide.
 *
 * @throws {AppError} `body_too_large` (413), `unsupported_encoding` (415), `invalid_body` (400)
 */
export async function readCollectBody(req: IncomingMessage): Promise<Buffer> {
  const bytes = await readBody(req, { limit: MAX_BATCH_BYTES, what: "The batch" });
  return inflateByMagic(bytes);
}

/**
 * Inflates gzip and zlib by their first bytes, Brotli (which has no mark) when nothing that starts
 * like JSON is there; anything else is returned as it is.
 */
async function inflateByMagic(bytes: Buffer): Promise<Buffer> {
  const [first = 0, second = 0] = bytes;
  try {
    if (first === 0x1f && second === 0x8b) return await inflateGzip(bytes, OPTIONS);
    // RFC 1950: method 8, and the two bytes are a multiple of 31.
    if (first === 0x78 && (first * 256 + second) % 31 === 0)
      return await inflateZlib(bytes, OPTIONS);
    if (bytes.length > 0 && !startsLikeJson(bytes)) return await inflateBrotli(bytes, OPTIONS);
  } catch (error) {
    if (errorCode(error) === "ERR_BUFFER_TOO_LARGE") {
      throw new AppError("body_too_large", 413, "The batch is over 4 MB after inflation.", {
        hint: "Send smaller batches.",
      });
    }
  }
  return bytes;
}

function startsLikeJson(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 16).toString("latin1");
  return /^(\xEF\xBB\xBF)?\s*([[{"]|$)/.test(start);
}
