import { AppError } from "./errors.ts";

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface ParseJsonOptions {
  /** Levels of arrays and objects; 100,000 of them parse, and then break JSON.stringify. */
  readonly maxDepth?: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses bytes as JSON, with an error that tells a person what is wrong with them.
 *
 * @throws {AppError} `invalid_json` (400: empty, not UTF-8, not JSON) or `too_deep` (400)
 */
export function parseJson(bytes: Buffer, { maxDepth = 32 }: ParseJsonOptions = {}): Json {
  const text = decodeUtf8(bytes);
  if (text.trim() === "") {
    throw new AppError("invalid_json", 400, "The body is empty.", { hint: "Send JSON." });
  }
  // The value is measured five times as fast as the text; but parsing millions of levels takes most of a second.
  if (hasManyBrackets(text) && isTextDeep(text, maxDepth)) throw tooDeep(maxDepth);
  const value = parse(text);
  if (isDeep(value, maxDepth)) throw tooDeep(maxDepth);
  return value;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unreadable";
    throw new AppError("invalid_json", 400, `The body is not JSON: ${reason}.`, { cause: error });
  }
}

function tooDeep(maxDepth: number): AppError {
  return new AppError("too_deep", 400, `The JSON is nested over ${maxDepth} levels deep.`);
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new AppError("invalid_json", 400, "The body is not valid UTF-8.", {
      hint: "Send JSON encoded as UTF-8.",
      cause: error,
    });
  }
}

const QUOTE = 34;
const BACKSLASH = 92;

/** So many levels parse in a few milliseconds. */
const MANY_BRACKETS = 10_000;

function hasManyBrackets(text: string): boolean {
  let count = 0;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > MANY_BRACKETS) return true;
    }
  }
  return false;
}

/** Goes down no further than the levels that are allowed, and into nothing that has no members. */
function isDeep(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  const members: Readonly<Record<string, Json>> = Object(value);
  for (const key in members) {
    const member = members[key];
    if (typeof member === "object" && member !== null && isDeep(member, levels - 1)) return true;
  }
  return false;
}

/** Counts brackets outside strings, so that depth is judged before anything is parsed. */
function isTextDeep(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at);
    else if (char === "[" || char === "{") depth += 1;
    else if (char === "]" || char === "}") depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}

/** The index of the quote that closes the string opened at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at += 1;
    else if (char === QUOTE) return at;
  }
  return text.length;
}
