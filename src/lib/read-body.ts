import type { IncomingMessage } from "node:http";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { AppError, errorCode } from "./errors.ts";
import { formatBytes } from "./format-bytes.ts";

interface ReadBodyOptions {
  /** Bytes after inflation; one more is refused. */
  readonly limit: number;
  /** How a person would call the body in the refusal: "This email". */
  readonly what?: string;
  /** The setting that moves the limit, named in the refusal. */
  readonly setting?: string;
  /** `false` leaves the bytes as they came, for who does not trust `Content-Encoding`. */
  readonly inflate?: boolean;
  readonly join?: JoinChunks | undefined;
}

/** Makes one Buffer of the chunks of a body, which have so many bytes together. */
export type JoinChunks = (chunks: readonly Buffer[], length: number) => Buffer;

/**
 * Reads a request body whole, inflated by its `Content-Encoding` (gzip, deflate, br) unless told otherwise.
 *
 * The limit counts inflated bytes, so a bomb is cut off while it inflates.
 *
 * @throws {AppError} `body_too_large` (413), `unsupported_encoding` (415), `invalid_body` (400) when
 *                    the compressed bytes are damaged or the client went away
 */
export async function readBody(req: IncomingMessage, options: ReadBodyOptions): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // What says itself that it is too large is not read first.
    if (announcedBytes(req) > options.limit) throw tooLarge(req, options);
    for await (const chunk of options.inflate === false ? req : inflated(req)) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError("A body arrives as bytes.");
      size += chunk.length;
      if (size > options.limit) throw tooLarge(req, options);
      chunks.push(chunk);
    }
  } catch (error) {
    // What is left unread must not keep the socket busy.
    req.unpipe();
    req.resume();
    throw asBodyError(error);
  }
  const { join = joinChunks } = options;
  return join(chunks, size);
}

function joinChunks(chunks: readonly Buffer[], length: number): Buffer {
  const [only] = chunks;
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, length);
}

function inflated(req: IncomingMessage): AsyncIterable<unknown> {
  const encoding = encodingOf(req);
  if (encoding === "identity") return req;
  const inflater = inflaterFor(encoding);
  if (!inflater) throw unsupportedEncoding(encoding);
  req.on("error", (error) => inflater.destroy(error));
  return req.pipe(inflater);
}

/** What `Content-Encoding` says; `identity` where it says nothing. */
export function encodingOf(req: IncomingMessage): string {
  return (req.headers["content-encoding"] ?? "").trim().toLowerCase() || "identity";
}

/** The refusal of an encoding that nobody here can read. */
export function unsupportedEncoding(encoding: string): AppError {
  return new AppError("unsupported_encoding", 415, `The body is encoded as "${encoding}".`, {
    hint: "Send it as gzip, deflate, br or without Content-Encoding.",
  });
}

/** The refusal of bytes that end too soon, or are not what they are said to be. */
export function damagedBody(cause: unknown): AppError {
  return new AppError("invalid_body", 400, "The body is damaged or was cut off.", {
    hint: "Send it again; check that Content-Encoding names what the bytes really are.",
    cause,
  });
}

function inflaterFor(encoding: string) {
  if (encoding === "gzip" || encoding === "x-gzip") return createGunzip();
  if (encoding === "deflate") return createInflate();
  if (encoding === "br") return createBrotliDecompress();
  return undefined;
}

function tooLarge(req: IncomingMessage, options: ReadBodyOptions): AppError {
  const { limit, what = "The body", setting } = options;
  const announced = announcedBytes(req);
  const is = announced > limit ? `is ${formatBytes(announced)}` : `is over ${formatBytes(limit)}`;
  return new AppError(
    "body_too_large",
    413,
    `${what} ${is}; the limit is ${formatBytes(limit)}${setting ? ` (${setting})` : ""}.`,
    { hint: setting ? `Send less, or raise ${setting}.` : "Send less at a time." },
  );
}

/** The length in the header, as it came: inflated it is larger still. 0 where none is told. */
function announcedBytes(req: IncomingMessage): number {
  return Number(req.headers["content-length"] ?? 0);
}

function asBodyError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const code = errorCode(error) ?? "";
  if (code.startsWith("Z_") || code.startsWith("ERR_") || code === "ECONNRESET") {
    return damagedBody(error);
  }
  return error;
}
