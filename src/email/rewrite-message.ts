import { AppError } from "../lib/errors.ts";
import { type MimePart, readMime, readPart, replaceParts } from "./rewrite/mime.ts";
import type { RewriteRequest } from "./schemas.ts";

/** Rewrites the parts of one mail together: the HTML's and the text's links are one list. */
type RewriteParts<T> = (
  request: RewriteRequest,
  parts: {
    html: string | undefined;
    text: string | undefined;
    readPiece: ((piece: string) => string) | undefined;
  },
) => Promise<{ html?: string | undefined; text?: string | undefined; answer: T }>;

/**
 * Rewrites a whole message: only the bytes of its HTML and plain text bodies change.
 *
 * @param request names its message: every part belongs to the same one
 * @param rewrite does the parts; called once with the first HTML and text part, and once for each
 *                part more
 * @throws {AppError} `signed_mail` (422) unless `allow_signed`, `invalid_mime` (422),
 *                    `unsupported_charset` (415)
 */
export async function rewriteMessage<T>(
  message: Buffer,
  request: RewriteRequest,
  rewrite: RewriteParts<T>,
): Promise<{ message: Buffer; answer: T }> {
  const mime = readMime(message);
  if (mime.isSigned && !request.options.allow_signed) throw signedMail();
  const options = {
    ...request.options,
    unsubscribe_urls: [...request.options.unsubscribe_urls, ...mime.unsubscribeUrls],
  };

  const texts: (string | undefined)[] = [];
  let answer: T | undefined;
  for (const group of groupParts(mime.parts)) {
    const html = group.find(({ part }) => part.type !== "text/plain");
    const text = group.find(({ part }) => part.type === "text/plain");
    const read = group.map(({ part, number }) => ({ number, ...readPart(message, part) }));
    const sourceOf = (number: number | undefined) =>
      read.find((entry) => entry.number === number)?.source;
    const part = html?.part.type === "text/x-amp-html" ? "amp" : "html";
    const rewritten = await rewrite(
      { ...request, options: { ...options, part } },
      {
        html: sourceOf(html?.number),
        text: sourceOf(text?.number),
        readPiece: read[0]?.readPiece,
      },
    );
    answer ??= rewritten.answer;
    if (html) texts[html.number] = rewritten.html;
    if (text) texts[text.number] = rewritten.text;
  }
  if (answer === undefined) {
    throw new AppError("invalid_mime", 422, "The message has no HTML and no plain text part.");
  }
  return { message: replaceParts(message, mime, texts), answer };
}

interface NumberedPart {
  readonly part: MimePart;
  readonly number: number;
}

/** The HTML part goes with the text part of the same charset; everything else goes alone. */
function groupParts(parts: readonly MimePart[]): NumberedPart[][] {
  const numbered = parts.map((part, number) => ({ part, number }));
  const html = numbered.find(({ part }) => part.type === "text/html");
  const text = numbered.find(
    ({ part }) => part.type === "text/plain" && sameCharset(part, html?.part),
  );
  const pair = [html, text].filter((entry) => entry !== undefined);
  const alone = numbered.filter((entry) => !pair.includes(entry)).map((entry) => [entry]);
  return pair.length > 0 ? [pair, ...alone] : alone;
}

function sameCharset(one: MimePart, other: MimePart | undefined): boolean {
  return one.charset?.toLowerCase() === other?.charset?.toLowerCase();
}

function signedMail(): AppError {
  return new AppError(
    "signed_mail",
    422,
    "The message is signed; rewriting breaks its signature.",
    {
      hint: "Rewrite before signing, or set allow_signed if it is signed again afterwards.",
    },
  );
}
