import { AppError } from "../../lib/errors.ts";

/** How a MIME part's bytes travel. */
export type TransferEncoding = "7bit" | "8bit" | "binary" | "quoted-printable" | "base64";

/** Reads a Content-Transfer-Encoding; missing is `7bit` (RFC 2045 6.1), anything unknown is refused. */
export function parseTransferEncoding(value: string | undefined): TransferEncoding {
  const name = (value ?? "7bit").trim().toLowerCase();
  if (name === "quoted-printable" || name === "base64" || name === "8bit") return name;
  if (name === "7bit" || name === "" || name === "binary") return name === "" ? "7bit" : name;
  throw new AppError("invalid_mime", 422, `Unknown Content-Transfer-Encoding "${name}".`);
}

/** The bytes of a body without its transfer encoding. Damage is passed over as mail clients do. */
export function decodeTransfer(body: Buffer, encoding: string): Buffer {
  const name = parseTransferEncoding(encoding);
  if (name === "base64") return Buffer.from(body.toString("latin1"), "base64");
  if (name === "quoted-printable") return decodeQuotedPrintable(body);
  return body;
}

/**
 * Encodes a body for its transfer.
 *
 * @param lineEnd of the message: `\r\n` as a rule
 * @throws {AppError} `invalid_mime` when a 7bit body would need more
 */
export function encodeTransfer(body: Buffer, encoding: TransferEncoding, lineEnd: string): Buffer {
  if (encoding === "base64") return encodeBase64(body, lineEnd);
  if (encoding === "quoted-printable") return encodeQuotedPrintable(body, lineEnd);
  return body;
}

function decodeQuotedPrintable(body: Buffer): Buffer {
  const text = body
    .toString("latin1")
    .replaceAll(/[ \t]+(?=\r?\n|$)/g, "")
    .replaceAll(/=\r?\n/g, "")
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_code, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(text, "latin1");
}

/** RFC 2045 6.7: lines of at most 76 characters. */
const LONGEST_LINE = 76;

function encodeQuotedPrintable(body: Buffer, lineEnd: string): Buffer {
  const lines = body.toString("latin1").split(/\r\n|\n/);
  return Buffer.from(lines.map((line) => encodeLine(line, lineEnd)).join(lineEnd), "latin1");
}

function encodeLine(line: string, lineEnd: string): string {
  const encoded = line.replaceAll(/[^ -<>-~\t]/g, escapeByte).replace(/[ \t]$/, escapeByte);
  if (encoded.length <= LONGEST_LINE) return encoded;
  const pieces: string[] = [];
  let at = 0;
  while (encoded.length - at > LONGEST_LINE) {
    // Never cut inside `=XX`.
    const cut = at + LONGEST_LINE - 1;
    const code = encoded.lastIndexOf("=", cut - 1);
    const end = code > cut - 3 ? code : cut;
    pieces.push(`${encoded.slice(at, end)}=`);
    at = end;
  }
  pieces.push(encoded.slice(at));
  return pieces.join(lineEnd);
}

function escapeByte(character: string): string {
  return `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function encodeBase64(body: Buffer, lineEnd: string): Buffer {
  const lines = body.toString("base64").match(/.{1,76}/g) ?? [];
  return Buffer.from(lines.map((line) => line + lineEnd).join(""), "latin1");
}
