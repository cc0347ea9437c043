// Installs the vendors' clients of test/clients, unless they are there. They are a package of their own because one
// of them brings a binary package that does not lock completely, and nothing but one test needs them.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "../test/clients");
const lock = path.join(folder, "package-lock.json");
const installed = path.join(folder, "node_modules/.package-lock.json");

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) console.warn("\n!!! The clients could not be installed.\n");
  // The tests say what they then skip, and fail in CI.
}
