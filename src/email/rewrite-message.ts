import { AppError } from "../lib/errors.ts";
import type { MailParts } from "./prepare.ts";
import { readMime, readPart, replaceParts } from "./rewrite/mime.ts";
import type { FilledMail, OtherPart } from "./rewrite/rewrite.ts";
import type { RewriteRequest } from "./schemas.ts";

/** Rewrites the parts of one mail together: all their links are one list. */
type RewriteParts<T> = (
  request: RewriteRequest,
  parts: MailParts,
) => Promise<FilledMail & { readonly answer: T }>;

/**
 * Rewrites a whole message: only the bytes of its HTML, AMP and plain text bodies change.
 *
 * The first HTML part and its plain text are numbered as if they were sent without the message; further
 * parts go on from there.
 *
 * @param rewrite does the parts; called once
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
  if (mime.parts.length === 0) {
    throw new AppError("invalid_mime", 422, "The message has no HTML and no plain text part.");
  }
  const options = {
    ...request.options,
    part: "html" as const,
    unsubscribe_urls: [...request.options.unsubscribe_urls, ...mime.unsubscribeUrls],
  };
  const parts = mime.parts.map((part) => ({ kind: KINDS[part.type], ...readPart(message, part) }));
  const { html, text, others } = groupParts(parts);
  const { answer, ...filled } = await rewrite(
    { ...request, options },
    { html: html?.source, text: text?.source, readPiece: (html ?? text)?.readPiece, others },
  );
  const texts = new Map<ReadPart | undefined, string | undefined>([
    [html, filled.html],
    [text, filled.text],
    ...others.map((part, number) => [part, filled.others[number]] as const),
  ]);
  return {
    message: replaceParts(
      message,
      mime,
      parts.map((part) => texts.get(part)),
    ),
    answer,
  };
}

const KINDS = {
  "text/html": "html",
  "text/plain": "text",
  "text/x-amp-html": "amp",
} as const;

type ReadPart = OtherPart & { readonly charset: string };

/** The HTML part goes with the first text part of the same charset. */
function groupParts(parts: readonly ReadPart[]) {
  const html = parts.find(({ kind }) => kind === "html");
  const text = parts.find(
    ({ kind, charset }) => kind === "text" && (!html || charset === html.charset),
  );
  return { html, text, others: parts.filter((part) => part !== html && part !== text) };
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
