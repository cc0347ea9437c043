import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** Where the clients are installed. */
export const PACKAGES = path.join(import.meta.dirname, "node_modules");

/** Whether the clients are there; in CI they must be. */
export const hasClients: boolean = existsSync(path.join(PACKAGES, "@segment", "analytics-node"));
if (!hasClients) {
  const message = "The clients are not installed (npm ci in test/clients): NONE of them is tested.";
  if (process.env["CI"]) throw new Error(message);
  console.warn(`\n!!! ${message}\n`);
}

/** The version of a client as its vendor published it. */
export function installedVersion(name: string): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(path.join(PACKAGES, name, "package.json"), "utf8"),
  );
  return manifest.version;
}
