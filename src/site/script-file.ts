import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "../lib/errors.ts";

/** A file for the browser, as the build has bundled it. */
export interface ScriptFile {
  readonly bytes: Buffer;
  /** 12 hexadecimal characters of its SHA-256: in the name under which it may be kept for ever. */
  readonly hash: string;
}

/** The script of sites: `t.js`, and the modules that it loads beside itself: `t.more.js`. */
export type ScriptFiles = ReadonlyMap<string, ScriptFile>;

/** Beside the built service, or where the build puts them when the sources run directly. */
const PLACES = [".", "../../dist/site"];

const FILE = /^t(\.[a-z]+)?\.js$/;

/** What Segment's snippet loads; where the name of the click parameter goes in it. */
const SEGMENT = "analytics.min.js";
const CLICK_PARAM = "%CLICK_PARAM%";

/**
 * Reads the files that the build has made.
 *
 * @throws {AppError} `cannot_start` when they were not built
 */
export function loadScriptFiles(): ScriptFiles {
  const folder = findFolder();
  const names = readdirSync(folder).filter((name) => FILE.test(name));
  return describeFiles(names.map((name) => [name, readFileSync(path.join(folder, name))]));
}

/**
 * Reads the script for Segment's snippet.
 *
 * @param clickParam CLICK_PARAM
 * @throws {AppError} `cannot_start` when it was not built
 */
export function loadSegmentScript(clickParam: string): ScriptFile {
  const source = readFileSync(path.join(findFolder(), SEGMENT), "utf8");
  return describeFile(Buffer.from(source.replace(CLICK_PARAM, () => clickParam)));
}

function findFolder(): string {
  const folder = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(
    (place) => existsSync(path.join(place, "t.js")),
  );
  if (folder !== undefined) return folder;
  throw new AppError("cannot_start", 500, "The site script is missing.", {
    hint: "Run `npm run build`.",
  });
}

/** Names each file by its content too. */
export function describeFiles(files: readonly (readonly [string, Buffer])[]): ScriptFiles {
  return new Map(files.map(([name, bytes]) => [name, describeFile(bytes)]));
}

function describeFile(bytes: Buffer): ScriptFile {
  return { bytes, hash: createHash("sha256").update(bytes).digest("hex").slice(0, 12) };
}

/** The name under which a file may be kept for ever: `t.more.0123456789ab.js`. */
export function hashedName(files: ScriptFiles, name: string): string {
  const hash = files.get(name)?.hash;
  return hash === undefined ? name : name.replace(/js$/, `${hash}.js`);
}
