import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "../lib/errors.ts";

/** The bundled script, as `GET /t.js` serves it. */
export interface SiteScript {
  readonly bytes: Buffer;
  /** 12 hexadecimal characters of its SHA-256: the name under which it may be kept for ever. */
  readonly hash: string;
}

/** Beside the built service, or where the build puts it when the sources run directly. */
const PLACES = ["./t.js", "../../dist/site/t.js"];

/**
 * Reads the script that the build has made.
 *
 * @throws {AppError} `cannot_start` when it was not built
 */
export function loadSiteScript(): SiteScript {
  const file = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(
    existsSync,
  );
  if (file === undefined) {
    throw new AppError("cannot_start", 500, "The site script is missing.", {
      hint: "Run `npm run build`.",
    });
  }
  return describeScript(readFileSync(file));
}

/** Names a script by its content. */
export function describeScript(bytes: Buffer): SiteScript {
  return { bytes, hash: createHash("sha256").update(bytes).digest("hex").slice(0, 12) };
}
