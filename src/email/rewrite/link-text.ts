import { decodeHTML, decodeHTMLAttribute } from "entities";
import { type Attribute, endOfTagName, isLetter, readAttributes } from "./html-tags.ts";

/** What a link shows, so far into its content; a hero link may surround a whole table. */
const LONGEST_CONTENT = 4096;
/** As long as a heading in a report may be. */
const LONGEST_TEXT = 120;

/**
 * The words a link shows, else the alt text of its first image with one, else the empty string.
 *
 * @param start offset after the link's start tag
 * @param end   offset of its end tag, or of the next link
 * @param readPiece reads what was not decoded by its charset; see `createPieceReader`
 */
export function linkText(
  html: string,
  start: number,
  end: number,
  readPiece: (piece: string) => string,
): string {
  const to = Math.min(end, start + LONGEST_CONTENT);
  let text = "";
  let alt = "";
  let at = start;
  while (at < to) {
    const tag = html.indexOf("<", at);
    if (tag < 0 || tag >= to) {
      text += html.slice(at, to);
      break;
    }
    text += `${html.slice(at, tag)} `;
    const image = isLetter(html.charCodeAt(tag + 1)) ? imageAlt(html, tag, to) : undefined;
    alt ||= image ?? "";
    at = afterMarkup(html, tag, to);
  }
  return tidy(decodeHTML(readPiece(text))) || tidy(decodeHTMLAttribute(readPiece(alt)));
}

/** Collapses white space and cuts what is too long for a report. */
export function tidy(text: string): string {
  return text
    .replaceAll(/[\u00ad\u200b\u2060\ufeff]/g, "")
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, LONGEST_TEXT)
    .toWellFormed();
}

function imageAlt(html: string, tag: number, to: number): string | undefined {
  const nameEnd = endOfTagName(html, tag + 1, to);
  if (!/^(img|amp-img|v:image)$/i.test(html.slice(tag + 1, nameEnd))) return undefined;
  const attributes: Attribute[] = [];
  readAttributes(html, nameEnd, to, attributes);
  const alt = attributes.find((attribute) => attribute.name === "alt");
  return alt && alt.valueStart >= 0 ? html.slice(alt.valueStart, alt.valueEnd) : undefined;
}

function afterMarkup(html: string, tag: number, to: number): number {
  if (html.startsWith("<!--", tag)) return orEnd(html.indexOf("-->", tag + 4), 3, to);
  const next = html.charCodeAt(tag + 1);
  if (!isLetter(next) && next !== 47 && next !== 33 && next !== 63) return tag + 1;
  if (/^<(style|script)\b/i.test(html.slice(tag, tag + 8))) {
    return orEnd(html.indexOf("</", tag + 2), 2, to);
  }
  const end = isLetter(next)
    ? readAttributes(html, endOfTagName(html, tag + 1, to), to)
    : orEnd(html.indexOf(">", tag + 1), 1, to);
  return end < 0 ? to : end;
}

function orEnd(found: number, length: number, to: number): number {
  return found < 0 || found >= to ? to : found + length;
}
